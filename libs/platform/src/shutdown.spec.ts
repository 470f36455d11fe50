import { EventEmitter, once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { endOnSignals, Shutdown } from './index.js';

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

  it('ends at once on a second signal', () => {
    const target = new RecordedProcess();
    const shutdown = new Shutdown(10);
    shutdown.onShutdown('stuck', never);
    const codes: unknown[] = [];
    target.on('ended', (code) => codes.push(code));
    endOnSignals(shutdown, target);
    target.emit('SIGINT');
    target.emit('SIGINT');
    expect(codes).toEqual([130]);
  });
});
