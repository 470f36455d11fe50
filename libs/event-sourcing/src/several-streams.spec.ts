import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Rejected } from '#kernel';
import { InMemoryEventStore, OneStreamEventStore } from '#testing';
import { CommandRunner } from './command-runner.js';
import type { Decider } from './decider.js';
import type { EventMetadata, EventStore } from './event-store.js';
import { ProcessLocks } from './stream-locks.js';

type Taken = { readonly type: 'Taken'; readonly data: { readonly by: string; readonly units: number } };
type Take = { readonly by: string; readonly units: number };

/** A shelf of ten. What is taken can be put back; taking none changes nothing. */
const shelf: Decider<Take, Taken, { readonly left: number }> = {
  category: 'shelf',
  eventTypes: ['Taken'],
  initialState: () => ({ left: 10 }),
  decide: ({ by, units }, { left }) => {
    if (units > left) return new Rejected('conflict', 'empty', `${left} left`);
    return units === 0 ? [] : [{ type: 'Taken', data: { by, units } }];
  },
  evolve: ({ left }, { data }) => ({ left: left - data.units }),
  undo: ({ by }, events) => ({ by, units: -events.reduce((sum, { data }) => sum + data.units, 0) }),
};

type Marked = { readonly type: 'Marked'; readonly data: { readonly on: boolean } };

/** A mark that is set or not: a command decided again changes nothing, so there is nothing to take back. */
const mark: Decider<boolean, Marked, boolean> = {
  category: 'mark',
  eventTypes: ['Marked'],
  initialState: () => false,
  decide: (on, isOn) => (on === isOn ? [] : [{ type: 'Marked', data: { on } }]),
  evolve: (_, { data }) => data.on,
};

const metadataOf = (commandId: string): EventMetadata => ({
  commandId,
  correlationId: 'x',
  actor: 'spec',
  occurredAt: '2026-01-01T00:00:00.000Z',
});
const take = (id: string, by: string, units: number) => ({ on: shelf, id, command: { by, units } });
const takeOfEach = (runner: CommandRunner, by: string, units: readonly number[] = [2, 3, 4]) =>
  runner.executeTogether(
    units.map((each, index) => take('abc'.charAt(index), by, each)),
    { metadata: metadataOf(by) },
  );

/** Units that each shelf has given a taker, as the log says. */
async function takenBy(by: string, store: EventStore): Promise<number[]> {
  const streams = await Promise.all(['a', 'b', 'c'].map((id) => store.readStream(`shelf-${id}`)));
  return streams.map((events) =>
    events.map(({ data }) => data as Taken['data']).reduce((sum, data) => sum + (data.by === by ? data.units : 0), 0),
  );
}

/** The store with another way to append. */
const appendingBy = (append: EventStore['append'], store: EventStore): EventStore =>
  new Proxy(store, {
    get: (_, name) => {
      const value: unknown = name === 'append' ? append : Reflect.get(store, name);
      return typeof value === 'function' ? value.bind(store) : value;
    },
  });

type Killed = 'before it is stored' | 'after it is stored';

/** The process dies at an append: its caller is never answered. */
function dyingAt(append: number, when: Killed, store: EventStore): EventStore {
  let appends = 0;
  return appendingBy(async (given) => {
    appends += 1;
    if (appends < append) return store.append(given);
    if (appends === append && when === 'after it is stored') await store.append(given);
    throw new Error('killed');
  }, store);
}

const stores = [
  { kind: 'a store that commits several streams at once', open: () => new InMemoryEventStore(), appends: 1 },
  { kind: 'a store that commits one stream at a time', open: () => new OneStreamEventStore(), appends: 6 },
];

describe.each(stores)('a command over several streams, on $kind', ({ open, appends }) => {
  it('changes all', async () => {
    const store = open();
    const outcomes = await takeOfEach(new CommandRunner(store), 'ada');
    expect(outcomes).toMatchObject([2, 3, 4].map((units) => ({ events: [{ data: { units } }], revision: 0 })));
    expect(await takenBy('ada', store)).toEqual([2, 3, 4]);
  });

  it.each([[[11, 3, 4]], [[2, 11, 4]], [[2, 3, 11]]])(
    'stores nothing when one of %j is refused, and may be sent again',
    async (units) => {
      const store = open();
      const runner = new CommandRunner(store);
      await expect(takeOfEach(runner, 'ada', units)).rejects.toMatchObject({ code: 'empty' });
      expect(await store.head()).toBe(0);
      await takeOfEach(runner, 'ada');
      expect(await takenBy('ada', store)).toEqual([2, 3, 4]);
    },
  );

  it('is a repeat as a whole, also after a restart, and although a stream it left alone would change now', async () => {
    const store = open();
    const runner = new CommandRunner(store);
    await runner.execute({ on: mark, id: 'm', command: true, metadata: metadataOf('set') });
    const marking = (on: CommandRunner) =>
      on.executeTogether([take('a', 'ada', 2), { on: mark, id: 'm', command: true }, take('b', 'ada', 3)], {
        metadata: metadataOf('ada'),
      });
    expect(await marking(runner)).toMatchObject([{ repeated: false }, { repeated: false }, { repeated: false }]);
    await runner.execute({ on: mark, id: 'm', command: false, metadata: metadataOf('unset') });
    const head = await store.head();
    for (const each of [runner, new CommandRunner(store)])
      expect(await marking(each)).toMatchObject(Array(3).fill({ repeated: true, events: [] }));
    expect(await store.head()).toBe(head);
  });

  it('is refused when one stream is not at the revision its caller had read, and is decided where all are', async () => {
    const store = open();
    const runner = new CommandRunner(store);
    await runner.execute({ ...take('b', 'bob', 1), metadata: metadataOf('bob') });
    const expecting = (revision: number) =>
      runner.executeTogether(
        [
          { ...take('a', 'ada', 2), expectedRevision: -1 },
          { ...take('b', 'ada', 3), expectedRevision: revision },
        ],
        { metadata: metadataOf('ada') },
      );
    await expect(expecting(-1)).rejects.toMatchObject({ code: 'revision-moved' });
    expect(await takenBy('ada', store)).toEqual([0, 0, 0]);
    expect(await expecting(0)).toMatchObject([{ revision: 0 }, { revision: 1 }]);
  });

  const kills = Array.from({ length: appends }, (_, index) => index + 1).flatMap((append) =>
    (['before it is stored', 'after it is stored'] as const).map((when) => ({ append, when })),
  );

  it.each(kills)('killed at append $append $when, is carried out once when it comes again', async (kill) => {
    const store = open();
    await takeOfEach(new CommandRunner(dyingAt(kill.append, kill.when, store)), 'ada').catch(() => {});
    const restarted = new CommandRunner(store);
    await takeOfEach(restarted, 'ada');
    expect(await takenBy('ada', store)).toEqual([2, 3, 4]);
    expect(await takeOfEach(restarted, 'ada')).toMatchObject(Array(3).fill({ repeated: true }));
    expect(await takenBy('ada', store)).toEqual([2, 3, 4]);
  });

  it.each(kills)('killed at append $append $when, leaves nothing when it comes again and is refused', async (kill) => {
    const store = open();
    await takeOfEach(new CommandRunner(dyingAt(kill.append, kill.when, store)), 'ada').catch(() => {});
    const isWhole = (await takenBy('ada', store)).every((units) => units > 0);
    const restarted = new CommandRunner(store);
    await restarted.execute({ ...take('c', 'bob', isWhole ? 6 : 10), metadata: metadataOf('bob') });
    for (let time = 1; time <= 2; time += 1)
      await takeOfEach(restarted, 'ada').then(
        (outcomes) => expect([isWhole, outcomes]).toMatchObject([true, Array(3).fill({ repeated: true })]),
        (error) => expect([isWhole, error]).toMatchObject([false, { code: 'empty' }]),
      );
    expect(await takenBy('ada', store)).toEqual(isWhole ? [2, 3, 4] : [0, 0, 0]);
  });

  it('is all or nothing, however commands cross in two processes that die at any append', async () => {
    const crossing = fc.array(
      fc.record({ ids: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }), units: fc.nat(4) }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(crossing, fc.array(fc.nat(40), { maxLength: 4 }), async (sent, deaths) => {
        const store = open();
        const locks = new ProcessLocks();
        const dying = failingAt(new Set(deaths), store);
        const runners = [new CommandRunner(dying, { locks }), new CommandRunner(dying, { locks })];
        const send = (index: number): Promise<unknown> => {
          const { ids, units } = sent[index] as (typeof sent)[0];
          const commands = ids.map((id) => take(id, `${index}`, units));
          const runner = runners[index % 2] as CommandRunner;
          return runner.executeTogether(commands, { metadata: metadataOf(`${index}`) }).catch((error: unknown) => {
            if (error instanceof Rejected) return error;
            return send(index);
          });
        };
        const answers = await Promise.all(sent.map((_, index) => send(index)));
        for (const [index, { ids, units }] of sent.entries()) {
          const expected = (['a', 'b', 'c'] as const).map((id) =>
            answers[index] instanceof Rejected || !ids.includes(id) ? 0 : units,
          );
          expect(await takenBy(`${index}`, store)).toEqual(expected);
        }
        const all = await store.readAll({ after: 0 });
        for (const id of ['a', 'b', 'c']) {
          const taken = all.events.filter(({ stream }) => stream === `shelf-${id}`);
          expect(taken.reduce((sum, { data }) => sum + (data as Taken['data']).units, 0)).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('a command over several streams that are stored one after the other', () => {
  /** Another process is faster on a shelf: it takes all of it just before the first append there. */
  function raceOn(id: string, store: EventStore): EventStore {
    let isOver = false;
    return appendingBy(async (given) => {
      if (!isOver && given.some(({ stream, events }) => stream === `shelf-${id}` && events.length > 0)) {
        isOver = true;
        await new CommandRunner(store).execute({ ...take(id, 'bob', 10), metadata: metadataOf('bob') });
      }
      return store.append(given);
    }, store);
  }

  it.each(['b', 'c'])('takes back what stands when %s is refused after all', async (id) => {
    const store = new OneStreamEventStore();
    await expect(takeOfEach(new CommandRunner(raceOn(id, store)), 'ada')).rejects.toMatchObject({ message: '0 left' });
    expect(await takenBy('ada', store)).toEqual([0, 0, 0]);
    expect((await store.readStream('shelf-a')).map(({ data }) => data)).toEqual([
      { by: 'ada', units: 2 },
      { by: 'ada', units: -2 },
    ]);
  });

  const kills = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((append) =>
    (['before it is stored', 'after it is stored'] as const).map((when) => ({ append, when })),
  );

  it.each(kills)('leaves nothing when it is killed at append $append $when while it takes back', async (kill) => {
    const store = new OneStreamEventStore();
    await takeOfEach(new CommandRunner(dyingAt(kill.append, kill.when, raceOn('c', store))), 'ada').catch(() => {});
    await takeOfEach(new CommandRunner(raceOn('c', store)), 'ada').catch(() => {});
    const taken = await takenBy('ada', store);
    expect(taken.every((units) => units > 0) || taken.every((units) => units === 0)).toBe(true);
  });

  it('leaves a step that cannot be taken back, and the next attempt goes on from it', async () => {
    const store = new OneStreamEventStore();
    const runner = new CommandRunner(raceOn('a', store));
    const marking = (units: number, commandId: string) =>
      runner.executeTogether([{ on: mark, id: 'm', command: true }, take('a', 'ada', units)], {
        metadata: metadataOf(commandId),
      });
    await expect(marking(2, 'ada')).rejects.toMatchObject({ code: 'empty' });
    await runner.execute({ ...take('a', 'bob', -5), metadata: metadataOf('back') });
    expect(await marking(2, 'ada')).toMatchObject([{ events: [] }, { events: [{}] }]);
    expect(await store.readStream('mark-m')).toHaveLength(1);
  });

  it('waits for another on the same streams, so that none sees what may be taken back', async () => {
    const store = new OneStreamEventStore();
    const runner = new CommandRunner(raceOn('b', store));
    const [ada, eve] = await Promise.allSettled([takeOfEach(runner, 'ada', [9, 1]), takeOfEach(runner, 'eve', [9, 0])]);
    expect([ada.status, eve.status]).toEqual(['rejected', 'fulfilled']);
    expect(await takenBy('eve', store)).toEqual([9, 0, 0]);
  });
});

/** Appends fail at these numbers, before or after they are stored. */
function failingAt(numbers: ReadonlySet<number>, store: EventStore): EventStore {
  let appends = 0;
  return appendingBy(async (given) => {
    appends += 1;
    if (!numbers.has(appends)) return store.append(given);
    if (appends % 2 === 0) await store.append(given);
    throw new Error('died');
  }, store);
}
