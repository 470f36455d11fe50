import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { eventually } from '#testing';
import { keepSignals } from './host.js';
import { type End, endOnSignals, Shutdown } from './index.js';

Logger.overrideLogger(false);

/** A process that only notes how it would have ended. */
class RecordedProcess extends EventEmitter {
  exit(code: number): void {
    this.emit('ended', code);
  }
}

const never = () => new Promise<void>(() => undefined);

describe('a shutdown', () => {
  it('runs the hooks once, in reverse, after the signal', async () => {
    const shutdown = new Shutdown();
    const order: string[] = [];
    shutdown.signal.addEventListener('abort', () => order.push('signal'));
    shutdown.onShutdown('database', () => void order.push('database'));
    shutdown.onShutdown('http', async () => void order.push('http'));
    expect(await Promise.all([shutdown.run(), shutdown.run()])).toEqual([true, true]);
    expect(order).toEqual(['signal', 'http', 'database']);
  });

  it('goes on after a hook that fails or never ends, and reports it', async () => {
    const shutdown = new Shutdown(20);
    const closed: string[] = [];
    shutdown.onShutdown('database', () => void closed.push('database'));
    shutdown.onShutdown('stuck', never);
    shutdown.onShutdown('broken', () => Promise.reject(new Error('no')));
    expect(await shutdown.run()).toBe(false);
    expect(closed).toEqual(['database']);
  });

  it('closes what an interrupted start-up opens meanwhile', async () => {
    const shutdown = new Shutdown();
    const closed: string[] = [];
    shutdown.onShutdown('first', async () => shutdown.onShutdown('late', () => void closed.push('late')));
    await shutdown.run();
    expect(closed).toEqual(['late']);
  });

  it.each(['SIGINT', 'SIGTERM'])('ends the process with 0 on %s', async (signal) => {
    const target = new RecordedProcess();
    endOnSignals(new Shutdown(), target);
    const ended = once(target, 'ended');
    target.emit(signal);
    expect(await ended).toEqual([0]);
  });

  it('ends with 1 when something could not be closed', async () => {
    const target = new RecordedProcess();
    const shutdown = new Shutdown();
    shutdown.onShutdown('broken', () => Promise.reject(new Error('no')));
    endOnSignals(shutdown, target);
    const ended = once(target, 'ended');
    target.emit('SIGTERM');
    expect(await ended).toEqual([1]);
  });

  it('waits on a second signal only for what would outlive the process, and on a third for nothing', async () => {
    const target = new RecordedProcess();
    const shutdown = new Shutdown();
    const stopping = Promise.withResolvers<void>();
    const ends: End[] = [];
    const codes: unknown[] = [];
    target.on('ended', (code) => codes.push(code));
    shutdown.onShutdown(
      'database',
      (end) => {
        ends.push(end);
        return stopping.promise;
      },
      { limitMs: 60_000 },
    );
    shutdown.onShutdown('stuck', never);
    endOnSignals(shutdown, target);
    target.emit('SIGTERM');
    target.emit('SIGINT');
    await eventually(() => ends.length > 0);
    expect([ends, codes]).toEqual([[{ isLate: true }], []]);
    stopping.resolve();
    await eventually(() => codes.length > 0);
    target.emit('SIGINT');
    expect(codes).toEqual([130, 130]);
  });

  it('has time of its own for what would outlive the process', async () => {
    const shutdown = new Shutdown(20);
    let isStopped = false;
    shutdown.onShutdown(
      'database',
      async () => {
        await delay(100);
        isStopped = true;
      },
      { limitMs: 10_000 },
    );
    shutdown.onShutdown('stuck', never);
    expect([await shutdown.run(), isStopped]).toEqual([false, true]);
  });

  it('waits for what is being opened, closes it, and lets nothing be opened after', async () => {
    const shutdown = new Shutdown();
    const server = Promise.withResolvers<string>();
    const closed: string[] = [];
    const starting = shutdown.opened(
      'server',
      () => server.promise,
      (it) => void closed.push(it),
    );
    const ended = shutdown.run();
    server.resolve('server');
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
    expect([await ended, closed]).toEqual([true, ['server']]);
    const open = jest.fn(async () => 'pool');
    await expect(shutdown.opened('pool', open, () => {})).rejects.toMatchObject({ name: 'AbortError' });
    expect(open).not.toHaveBeenCalled();
  });

  it('closes nothing that could not be opened', async () => {
    const shutdown = new Shutdown();
    const close = jest.fn<() => void>();
    await expect(shutdown.opened('server', () => Promise.reject(new Error('no port')), close)).rejects.toThrow(
      'no port',
    );
    expect([await shutdown.run(), close.mock.calls]).toEqual([true, []]);
  });

  it('gets the signals that came before it was there', async () => {
    const target = new RecordedProcess();
    const signals = keepSignals(target);
    target.emit('SIGTERM');
    const ended = once(target, 'ended');
    endOnSignals(new Shutdown(), signals);
    expect(await ended).toEqual([0]);
    expect([target.listenerCount('SIGTERM'), target.listenerCount('SIGINT')]).toEqual([1, 1]);
  });
});
