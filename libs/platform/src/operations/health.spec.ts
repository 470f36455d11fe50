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
