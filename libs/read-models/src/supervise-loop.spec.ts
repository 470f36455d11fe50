import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { WakeSignal } from '#event-sourcing';
import { Retries, type RetryTiming } from './failures.js';
import type { Log } from './read-models.js';
import { type SupervisedWork, superviseLoop, type WaitMs, waitForView } from './supervise-loop.js';

let lines: string[];
let stop: AbortController;

const log: Log = {
  info: (_, message) => lines.push(message),
  warn: (_, message) => lines.push(message),
  error: (_, message) => lines.push(message),
};

beforeEach(() => {
  lines = [];
  stop = new AbortController();
});

const retries = (timing: RetryTiming = { backoffMsMin: 1, backoffMsMax: 1 }) => new Retries({ log }, {}, timing);

/** A loop that stops by itself after so many turns. */
const loop = (
  turns: number,
  turn: (count: number, signal: AbortSignal) => Promise<WaitMs>,
  more: Partial<SupervisedWork> = {},
) => {
  let count = 0;
  return superviseLoop(stop.signal, {
    retries: retries(),
    failed: 'it failed, will retry',
    turn: (signal) => {
      count += 1;
      if (count >= turns) stop.abort();
      return turn(count, signal);
    },
    ...more,
  });
};

describe('a supervised loop', () => {
  it('takes turn after turn, and says a failure once until it works again', async () => {
    const counts = retries();
    let failures = 0;
    await loop(
      5,
      async (count) => {
        if (count < 4) throw new Error('no');
        if (count === 4) failures = counts.failures;
      },
      { retries: counts },
    );
    expect(failures).toBe(3);
    expect(lines.filter((line) => line === 'it failed, will retry')).toHaveLength(1);
    expect(lines.at(-1)).toBe('works again');
    expect([counts.failures, counts.error]).toEqual([0, undefined]);
  });

  it('pauses longer after each failure, by up to a quarter more, and the least again after a success', async () => {
    const pauses: number[] = [];
    const outages = {
      pause: async (ms: number) => void pauses.push(ms),
    };
    const timing = { backoffMsMin: 100, backoffMsMax: 400, random: () => 0.5 };
    const counted = new Retries({ log, outages: Object.assign(Object.create(null), outages) }, {}, timing);
    await loop(
      7,
      async (count) => {
        if (count !== 5) throw new Error('no');
      },
      { retries: counted },
    );
    expect(pauses).toEqual([112.5, 225, 450, 450, 112.5]);
  });

  it('stops at once in the middle of a pause and of a wait', async () => {
    const startedAt = performance.now();
    const failing = superviseLoop(stop.signal, {
      retries: retries({ backoffMsMin: 60_000 }),
      failed: 'it failed, will retry',
      turn: () => Promise.reject(new Error('no')),
    });
    const waiting = superviseLoop(stop.signal, { retries: retries(), failed: '', turn: async () => 60_000 });
    await delay(5);
    stop.abort();
    await Promise.all([failing, waiting]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('tells nothing of a turn that fails because it is stopped', async () => {
    await loop(1, () => Promise.reject(new Error('stopped')));
    expect(lines).toEqual([]);
  });

  it('is woken from its wait', async () => {
    const wakeSignal = new WakeSignal();
    wakeSignal.notify();
    let turns = 0;
    await loop(
      2,
      async () => {
        turns += 1;
        return 60_000;
      },
      { wakeSignal },
    );
    expect(turns).toBe(2);
  });

  it('may tell another error than the one that was thrown', async () => {
    const counts = retries();
    await loop(
      2,
      async (count) => {
        if (count === 1) throw new Error('23505');
        expect(counts.error).toBe('the view does not go on');
      },
      { retries: counts, onFailure: () => new Error('the view does not go on') },
    );
    expect(lines[0]).toBe('it failed, will retry');
  });
});

describe('a supervised loop with a lease', () => {
  const leaseOf = (answers: (AbortController | undefined)[]) => {
    const released: number[] = [];
    const leases = {
      tryAcquire: async () => {
        const lost = answers.shift();
        return lost && { lost: lost.signal, release: async () => void released.push(released.length) };
      },
    };
    return { leases, released };
  };

  it('stands by until it has the lease, and frees it after the turn', async () => {
    const { leases, released } = leaseOf([undefined, undefined, new AbortController()]);
    let standbys = 0;
    await loop(1, async () => {}, {
      lease: {
        leases,
        name: 'work',
        standbyMs: 1,
        onStandby: () => {
          standbys += 1;
        },
      },
    });
    expect([standbys, released.length]).toEqual([2, 1]);
  });

  it('ends its turn and says so when the lease is lost', async () => {
    const lost = new AbortController();
    const { leases, released } = leaseOf([lost, new AbortController()]);
    await loop(
      2,
      async (count, signal) => {
        if (count > 1) return;
        setTimeout(() => lost.abort(), 1);
        await delay(60_000, undefined, { signal }).catch(() => {});
      },
      { lease: { leases, name: 'work', standbyMs: 1 } },
    );
    expect([lines[0], released.length]).toEqual(['it failed, will retry', 2]);
  });

  it('never asks where it is not wanted', async () => {
    const { leases } = leaseOf([new AbortController()]);
    let standbys = 0;
    await superviseLoop(stop.signal, {
      retries: retries(),
      failed: '',
      turn: () => Promise.reject(new Error('never')),
      lease: {
        leases,
        name: 'work',
        standbyMs: 1,
        wanted: false,
        onStandby: () => {
          standbys += 1;
          if (standbys === 3) stop.abort();
        },
      },
    });
    expect(standbys).toBe(3);
  });
});

describe('a wait for a view', () => {
  it('lasts its least, and then until the view has moved since the turn began', async () => {
    const waits: [number, number][] = [];
    const view = {
      position: 4,
      waitUntilPast: async (position: number, timeoutMs: number) => void waits.push([position, timeoutMs]),
    };
    const wait = waitForView(view, 1);
    await wait(1_001, stop.signal);
    view.position = 9;
    await wait(1_001, stop.signal);
    await wait(1, stop.signal);
    await wait(501, stop.signal);
    expect(waits).toEqual([
      [4, 1_000],
      [4, 1_000],
      [9, 500],
    ]);
  });
});
