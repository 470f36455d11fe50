import { describe, expect, it, jest } from '@jest/globals';
import { HealthChecks, Metrics } from '../index.js';
import { CHECK_LIMIT_MS } from './health.js';

describe('health checks', () => {
  it('does not wait for a check that hangs', async () => {
    jest.useFakeTimers();
    const health = new HealthChecks();
    health.add('stuck', () => new Promise(() => undefined));
    health.add('fine', () => ({ healthy: true }));
    const report = health.report();
    await jest.advanceTimersByTimeAsync(CHECK_LIMIT_MS);
    jest.useRealTimers();
    expect(await report).toMatchObject({
      status: 'not-ready',
      checks: { stuck: { healthy: false }, fine: { healthy: true } },
    });
  });

  it('asks what hangs once, however often it is asked itself', async () => {
    jest.useFakeTimers();
    const health = new HealthChecks();
    const answer = Promise.withResolvers<{ healthy: boolean }>();
    const dependency = jest.fn(() => answer.promise);
    health.add('slow', dependency);
    const reports = [health.report(), health.report()];
    await jest.advanceTimersByTimeAsync(CHECK_LIMIT_MS);
    reports.push(health.report());
    await jest.advanceTimersByTimeAsync(CHECK_LIMIT_MS);
    jest.useRealTimers();
    expect((await Promise.all(reports)).map(({ status }) => status)).toEqual(Array(3).fill('not-ready'));
    expect(dependency).toHaveBeenCalledTimes(1);
    answer.resolve({ healthy: true });
    await answer.promise;
    expect(await health.report()).toMatchObject({ status: 'ready' });
  });

  it('are ready, degraded or not ready, as the worst of them is', async () => {
    const health = new HealthChecks();
    health.add('store', () => ({ healthy: true }));
    expect((await health.report()).status).toBe('ready');
    health.add('runners', () => ({ healthy: true, degraded: true }));
    expect((await health.report()).status).toBe('degraded');
    health.add('database', () => ({ healthy: false }));
    expect((await health.report()).status).toBe('not-ready');
  });

  it('refuses a second check of a name', () => {
    const health = new HealthChecks();
    health.add('store', () => ({ healthy: true }));
    expect(() => health.add('store', () => ({ healthy: true }))).toThrow(
      'There is a health check called store already.',
    );
  });
});

describe('metrics', () => {
  it('gives one metric per name and refuses another type under it', () => {
    const metrics = new Metrics();
    const options = { name: 'einklang_spec_total', help: 'For this spec' };
    expect(metrics.counter(options)).toBe(metrics.counter(options));
    expect(() => metrics.gauge(options)).toThrow('einklang_spec_total exists as another type');
  });
});
