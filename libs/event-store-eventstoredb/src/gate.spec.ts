import { describe, expect, it } from '@jest/globals';
import { EventStoreUnavailable } from '#event-sourcing';
import { Gate } from './gate.js';

describe('the gate', () => {
  it('lets the first in alone until it succeeded, then so many at a time in their order', async () => {
    const gate = new Gate({ concurrent: 3, waitingBytes: 100 });
    const tasks = enter(gate, 6, 1);
    await settled();
    expect(tasks.started).toEqual([0]);
    tasks.end(0);
    await settled();
    expect(tasks.started).toEqual([0, 1, 2, 3]);
    tasks.end(2);
    await settled();
    expect(tasks.started).toEqual([0, 1, 2, 3, 4]);
  });

  it('lets the next in when the first one failed, alone as well', async () => {
    const gate = new Gate({ concurrent: 3, waitingBytes: 100 });
    const tasks = enter(gate, 3, 1);
    tasks.fail(0);
    await expect(tasks.outcomes[0]).rejects.toThrow('failed');
    await settled();
    expect(tasks.started).toEqual([0, 1]);
  });

  it('begins again with one after it was cooled', async () => {
    const gate = new Gate({ concurrent: 3, waitingBytes: 100 });
    await gate.run(1, async () => {});
    const tasks = enter(gate, 5, 1);
    gate.cool();
    tasks.fail(0);
    await expect(tasks.outcomes[0]).rejects.toThrow('failed');
    await settled();
    expect(tasks.started).toEqual([0, 1, 2]);
    tasks.end(1);
    await settled();
    expect(tasks.started).toEqual([0, 1, 2, 3, 4]);
  });

  it('refuses what comes when enough waits, and takes it when there is room again', async () => {
    const gate = new Gate({ concurrent: 1, waitingBytes: 10 });
    const tasks = enter(gate, 3, 5);
    await expect(gate.run(1, async () => {})).rejects.toBeInstanceOf(EventStoreUnavailable);
    tasks.end(0);
    await settled();
    await Promise.all([gate.run(5, async () => {}), tasks.end(1), settled().then(() => tasks.end(2))]);
    expect(tasks.started).toEqual([0, 1, 2]);
  });
});

function enter(gate: Gate, count: number, bytes: number) {
  const started: number[] = [];
  const ends = Array.from({ length: count }, () => Promise.withResolvers<void>());
  const outcomes = ends.map(({ promise }, index) =>
    gate.run(bytes, () => {
      started.push(index);
      return promise;
    }),
  );
  return {
    started,
    outcomes,
    end: (index: number): void => ends[index]?.resolve(),
    fail: (index: number): void => ends[index]?.reject(new Error('failed')),
  };
}

const settled = (): Promise<unknown> => new Promise(setImmediate);
