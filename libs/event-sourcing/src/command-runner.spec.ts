import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Rejected } from '#kernel';
import { InMemoryEventStore, OneStreamEventStore } from '#testing';
import type { CommandFigures } from './command-metrics.js';
import { CommandRunner, type CommandRunnerOptions } from './command-runner.js';
import type { AnyDecider, CommandOf, Decider, SnapshotFormat } from './decider.js';
import {
  type AppendResult,
  type EventMetadata,
  type EventStore,
  type RecordedEvent,
  RevisionConflict,
  type Snapshot,
  type StreamAppend,
} from './event-store.js';
import { UnknownEvent } from './mailbox-storage.js';
import type { Outcome } from './outcome.js';
import { Overloaded } from './overloaded.js';

type Taken = { readonly type: 'Taken'; readonly data: { readonly by: string; readonly units: number } };
interface Shelf {
  left: number;
}

/** A shelf of ten: enough of a domain to be oversold. */
const shelf: Decider<{ by: string; units: number }, Taken, Shelf> = {
  category: 'shelf',
  eventTypes: ['Taken'],
  initialState: () => ({ left: 10 }),
  decide: ({ by, units }, { left }) => {
    if (units > left) return new Rejected('conflict', 'empty', `${left} left`);
    return units === 0 ? [] : [{ type: 'Taken', data: { by, units } }];
  },
  evolve: (state, event) => {
    state.left -= event.data.units;
    return state;
  },
  snapshot: { version: 1, everyEvents: 4, write: (state) => ({ ...state }), read: (json) => ({ ...(json as Shelf) }) },
};

let commands = 0;
const metadata = (commandId = `c${commands++}`): EventMetadata => ({
  commandId,
  correlationId: 'x',
  actor: 'spec',
  occurredAt: '2026-01-01T00:00:00.000Z',
});
/** A runner, and one decider that all commands are for. */
class CommandsTo<On extends AnyDecider> {
  private readonly runner: CommandRunner;
  constructor(
    private readonly on: On,
    store: EventStore,
    options: CommandRunnerOptions = {},
  ) {
    this.runner = new CommandRunner(store, options);
  }
  execute(id: string, command: CommandOf<On>, metadata: EventMetadata, causedAt?: number) {
    return this.runner.execute({ on: this.on, id, command, metadata, causedAt });
  }
  executeTogether(
    commands: readonly { readonly id: string; readonly command: CommandOf<On> }[],
    metadata: EventMetadata,
    causedAt?: number,
  ) {
    return this.runner.executeTogether(
      commands.map((each) => ({ on: this.on, ...each })),
      { metadata, causedAt },
    );
  }
  get depth(): number {
    return this.runner.depth;
  }
  figures(): CommandFigures {
    return this.runner.figures()[0] as CommandFigures;
  }
}
const runnerOn = (store = new InMemoryEventStore(), options: CommandRunnerOptions = {}) => ({
  store,
  runner: new CommandsTo(shelf, store, options),
});
const take = (units: number, by = 'somebody') => ({ by, units });

/** Appends wait until they are let through, so that a spec decides what is in flight. */
class GatedStore extends InMemoryEventStore {
  readonly waiting: (() => void)[] = [];
  readonly batches: number[] = [];
  open = false;
  private fault: Error | undefined;

  override async append(appends: readonly StreamAppend[]): Promise<AppendResult> {
    this.batches.push(appends.reduce((sum, { events }) => sum + events.length, 0));
    if (!this.open) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.fault) throw this.fault;
    return super.append(appends);
  }

  refuseWith(fault: Error): void {
    this.fault = fault;
    this.letThrough();
  }

  /** The append that has waited longest. */
  letOneThrough(): void {
    this.waiting.shift()?.();
  }

  letThrough(): void {
    this.open = true;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** Resolves when `condition` holds, looking at every turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    if (turns > 10_000) throw new Error('It never came to that.');
    await new Promise(setImmediate);
  }
}

/** Time for what was sent to be decided: sending schedules a turn, and that may schedule another. */
async function someTurns(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await new Promise(setImmediate);
}

describe('a command', () => {
  it('is answered with its events after they are stored', async () => {
    const { store, runner } = runnerOn();
    const outcome = await runner.execute('a', take(3), metadata('c'));
    expect(outcome).toEqual({ events: [{ type: 'Taken', data: take(3) }], revision: 0, position: 1, repeated: false });
    expect(await store.readStream('shelf-a')).toMatchObject([{ type: 'Taken', metadata: { commandId: 'c' } }]);
  });

  it('that is refused stores nothing and throws the refusal', async () => {
    const { store, runner } = runnerOn();
    await expect(runner.execute('a', take(11), metadata())).rejects.toMatchObject({ code: 'empty' });
    expect(await store.head()).toBe(0);
  });

  it('changes nothing when repeated, in this process and after a restart', async () => {
    const { store, runner } = runnerOn();
    await runner.execute('a', take(3), metadata('c'));
    expect(await runner.execute('a', take(3), metadata('c'))).toMatchObject({
      events: [],
      revision: 0,
      repeated: true,
    });
    const restarted = new CommandsTo(shelf, store);
    expect(await restarted.execute('a', take(3), metadata('c'))).toMatchObject({ events: [], repeated: true });
    expect(await store.head()).toBe(1);
  });

  it('may be sent again after a refusal', async () => {
    const { runner } = runnerOn();
    await expect(runner.execute('a', take(11), metadata('c'))).rejects.toThrow();
    expect(await runner.execute('a', take(1), metadata('c'))).toMatchObject({ repeated: false, revision: 0 });
  });

  it('that is sent again stores what time brought about meanwhile, each with an id of its own', async () => {
    type Ice = { readonly type: 'Frozen' | 'Melted'; readonly data: { readonly until: number } };
    const ice: Decider<number, Ice, readonly number[]> = {
      category: 'ice',
      eventTypes: ['Frozen', 'Melted'],
      initialState: () => [],
      decide: (until) => [{ type: 'Frozen', data: { until } }],
      evolve: (state, { type, data }) =>
        type === 'Frozen' ? [...state, data.until] : state.filter((until) => until !== data.until),
      elapse: (state, now) =>
        state.filter((until) => until <= now).map((until) => ({ type: 'Melted', data: { until } })),
    };
    const store = new InMemoryEventStore();
    let now = 0;
    const runner = new CommandsTo(ice, store, { clock: { now: () => now } });
    for (const until of [100, 200]) await runner.execute('a', until, metadata(`until ${until}`));
    for (now of [150, 250]) await runner.execute('a', 100, metadata('until 100'));
    const stored = await store.readStream('ice-a');
    expect(stored.map(({ type }) => type)).toEqual(['Frozen', 'Frozen', 'Melted', 'Melted']);
    expect(new Set(stored.map(({ id }) => id)).size).toBe(4);
    expect(new Set(stored.map(({ metadata: { commandId } }) => commandId)).size).toBe(4);
  });

  it('of a decider with a fault fails alone', async () => {
    const store = new InMemoryEventStore();
    const faulty = {
      ...shelf,
      decide: (command: ReturnType<typeof take>, state: Shelf) => {
        if (command.by === 'nobody') throw new TypeError('boom');
        return shelf.decide(command, state, { now: 0 });
      },
    };
    const runner = new CommandsTo(faulty, store);
    const [bad, good] = await Promise.allSettled([
      runner.execute('a', take(1, 'nobody'), metadata()),
      runner.execute('a', take(1), metadata()),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: new TypeError('boom') });
    expect(good.status).toBe('fulfilled');
  });
});

describe('commands that come together', () => {
  it('queue while an append is in flight and make one append of their own', async () => {
    const store = new GatedStore();
    const { runner } = runnerOn(store);
    const first = runner.execute('a', take(1), metadata());
    await until(() => store.waiting.length === 1);
    const rest = [1, 2, 3].map(() => runner.execute('a', take(1), metadata()));
    store.letThrough();
    await Promise.all([first, ...rest]);
    expect(store.batches).toEqual([1, 3]);
  });

  it('are decided while the turn before is stored, and answered only after that', async () => {
    const store = new GatedStore();
    const decided: string[] = [];
    const decide: typeof shelf.decide = (command, ...rest) => {
      decided.push(command.by);
      return shelf.decide(command, ...rest);
    };
    const runner = new CommandsTo({ ...shelf, decide }, store);
    const first = runner.execute('a', take(6), metadata());
    await until(() => store.waiting.length === 1);
    let answered = 0;
    const refused = runner.execute('a', take(6, 'too many'), metadata()).catch((refusal: unknown) => refusal);
    const taken = runner.execute('a', take(4, 'the rest'), metadata());
    for (const answer of [refused, taken]) void answer.then(() => (answered += 1));
    await until(() => decided.includes('the rest'));
    expect({ answered, appends: store.waiting.length }).toEqual({ answered: 0, appends: 1 });
    store.letThrough();
    expect(await first).toMatchObject({ revision: 0, position: 1 });
    expect(await refused).toMatchObject({ message: '4 left' });
    expect(await taken).toMatchObject({ revision: 1, position: 2 });
    expect(store.batches).toEqual([1, 1]);
  });

  it('keep their order where one of them spans several streams and cannot be decided ahead', async () => {
    const store = new GatedStore();
    const { runner } = runnerOn(store);
    const first = runner.execute('a', take(1, 'first'), metadata());
    await until(() => store.waiting.length === 1);
    const ahead = runner.execute('a', take(1, 'ahead'), metadata());
    const both = ['a', 'b'].map((id) => ({ id, command: take(1, 'spanning') }));
    const spanning = runner.executeTogether(both, metadata());
    const behind = runner.execute('a', take(1, 'behind'), metadata());
    await someTurns();
    store.letThrough();
    await Promise.all([first, ahead, spanning, behind]);
    const stored = (await store.readStream('shelf-a')) as RecordedEvent<Taken>[];
    expect(stored.map(({ data }) => data.by)).toEqual(['first', 'ahead', 'spanning', 'behind']);
  });

  it('never take more than there is', async () => {
    const { runner } = runnerOn();
    const answers = await Promise.allSettled(
      Array.from({ length: 25 }, () => runner.execute('a', take(1), metadata())),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });

  it('for other streams do not wait for a hot one', async () => {
    const store = new GatedStore();
    const { runner } = runnerOn(store);
    void runner.execute('hot', take(1), metadata());
    await until(() => store.waiting.length === 1);
    void runner.execute('cool', take(1), metadata());
    await until(() => store.waiting.length === 2);
    store.letThrough();
    await until(() => runner.depth === 0);
  });

  it('for other streams share a turn with a quarter of what a hot one asks, which it takes whole when alone', async () => {
    const store = new GatedStore();
    const { runner } = runnerOn(store, { maxPerTurn: 4 });
    const takeEight = () => Array.from({ length: 8 }, () => runner.execute('hot', take(0.1), metadata()));
    store.letThrough();
    await runner.execute('cool', take(1), metadata());
    store.batches.splice(0);
    await Promise.all(takeEight());
    expect(store.batches.splice(0)).toEqual([4, 4]);
    store.open = false;
    const shared = [...takeEight(), runner.execute('cool', take(1), metadata())];
    await until(() => store.waiting.length === 2);
    expect(store.batches).toEqual([1, 1]);
    store.letThrough();
    await Promise.all(shared);
  });

  it('are refused past the bound, with a hint when to come again', async () => {
    const store = new GatedStore();
    const { runner } = runnerOn(store, { maxWaitingPerStream: 2 });
    const taken = [1, 2].map(() => runner.execute('a', take(1), metadata()));
    const refusal = await runner.execute('a', take(1), metadata()).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Overloaded);
    expect(refusal).toMatchObject({ retryAfterMs: expect.any(Number) });
    store.letThrough();
    await Promise.all(taken);
  });
});

describe('a command over several streams', () => {
  const both = (units: number) => [
    { id: 'a', command: take(units) },
    { id: 'b', command: take(units) },
  ];

  it('is stored by one append', async () => {
    const { store, runner } = runnerOn();
    const outcomes = await runner.executeTogether(both(2), metadata());
    expect(outcomes).toMatchObject([{ revision: 0 }, { revision: 0 }]);
    expect(await store.head()).toBe(2);
  });

  it('changes no stream when one refuses', async () => {
    const { store, runner } = runnerOn();
    await runner.execute('b', take(9), metadata());
    await expect(runner.executeTogether(both(2), metadata())).rejects.toMatchObject({ code: 'empty' });
    expect(await store.head()).toBe(1);
    await expect(runner.execute('a', take(10), metadata())).resolves.toMatchObject({ revision: 0 });
  });

  it('is all or nothing, without deadlock, however commands cross', async () => {
    const crossing = fc.array(
      fc.record({
        ids: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
        units: fc.integer({ min: 1, max: 4 }),
      }),
      {
        maxLength: 30,
      },
    );
    await fc.assert(
      fc.asyncProperty(crossing, async (sent) => {
        const { store, runner } = runnerOn(undefined, { maxPerTurn: 2 });
        const answers = await Promise.allSettled(
          sent.map(({ ids, units }, index) =>
            runner.executeTogether(
              ids.map((id) => ({ id, command: take(units, String(index)) })),
              metadata(),
            ),
          ),
        );
        const { events } = await store.readAll({ after: 0, limit: 1_000 });
        for (const [index, { ids }] of sent.entries()) {
          const stored = events.filter((event) => (event.data as Taken['data']).by === String(index));
          expect(stored).toHaveLength(answers[index]?.status === 'fulfilled' ? ids.length : 0);
        }
        for (const id of ['a', 'b', 'c']) {
          const taken = events
            .filter((event) => event.stream === `shelf-${id}`)
            .reduce((sum, event) => sum + (event.data as Taken['data']).units, 0);
          expect(taken).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('a command over streams of several deciders', () => {
  type Paid = { readonly type: 'Paid'; readonly data: { readonly cents: number } };
  const purse: Decider<{ cents: number }, Paid, { cents: number }> = {
    category: 'purse',
    eventTypes: ['Paid'],
    initialState: () => ({ cents: 100 }),
    decide: ({ cents }, state) =>
      cents > state.cents ? new Rejected('conflict', 'broke', 'Too little.') : [{ type: 'Paid', data: { cents } }],
    evolve: (state, { data }) => ({ cents: state.cents - data.cents }),
    memory: { rememberedCommands: 1 },
  };
  const buying = (units: number, cents: number, metadata: EventMetadata, runner: CommandRunner) =>
    runner.executeTogether(
      [
        { on: shelf, id: 'a', command: take(units) },
        { on: purse, id: 'mine', command: { cents } },
      ],
      { metadata },
    );

  it('is stored by one append, and each outcome is of its own decider', async () => {
    const store = new InMemoryEventStore();
    const [taken, paid] = await buying(2, 30, metadata(), new CommandRunner(store));
    expect([taken.events[0]?.data.units, paid.events[0]?.data.cents]).toEqual([2, 30]);
    expect((await store.readAll({ after: 0 })).events.map(({ stream }) => stream)).toEqual(['shelf-a', 'purse-mine']);
  });

  it('changes none when one refuses', async () => {
    const store = new InMemoryEventStore();
    await expect(buying(2, 101, metadata(), new CommandRunner(store))).rejects.toMatchObject({ code: 'broke' });
    expect(await store.head()).toBe(0);
  });

  it('is a repeat as a whole while one of its streams remembers it', async () => {
    const store = new InMemoryEventStore();
    const runner = new CommandRunner(store);
    await buying(2, 10, metadata('once'), runner);
    await runner.execute({ on: purse, id: 'mine', command: { cents: 1 }, metadata: metadata() });
    expect(await buying(2, 10, metadata('once'), runner)).toMatchObject([{ repeated: true }, { repeated: true }]);
    expect(await store.head()).toBe(3);
  });

  it('cannot be of two deciders for the same streams', () => {
    const runner = new CommandRunner(new InMemoryEventStore());
    void runner.execute({ on: shelf, id: 'a', command: take(1), metadata: metadata() });
    const twin = { ...shelf };
    return expect(runner.execute({ on: twin, id: 'a', command: take(1), metadata: metadata() })).rejects.toThrow(
      'Two deciders',
    );
  });
});

describe('a command that was decided on a revision its caller had read', () => {
  const taking = (units: number, expectedRevision: number, commandId?: string) => ({
    on: shelf,
    id: 'a',
    command: take(units),
    expectedRevision,
    metadata: metadata(commandId),
  });
  const moved = { name: 'Rejected', kind: 'precondition', code: 'revision-moved' };

  it('is decided where the stream is at that revision, and at -1 where there is no stream', async () => {
    const runner = new CommandRunner(new InMemoryEventStore());
    expect(await runner.execute(taking(1, -1))).toMatchObject({ revision: 0 });
    expect(await runner.execute(taking(1, 0))).toMatchObject({ revision: 1 });
  });

  it.each([-1, 1])('is refused at revision 0 when it expects %d, and changes nothing', async (expectedRevision) => {
    const store = new InMemoryEventStore();
    const runner = new CommandRunner(store);
    await runner.execute(taking(1, -1));
    await expect(runner.execute(taking(1, expectedRevision))).rejects.toMatchObject({
      ...moved,
      details: { expectedRevision, revision: 0 },
    });
    expect(await store.head()).toBe(1);
  });

  it('is answered as a repeat when it comes again, although the stream has moved by it', async () => {
    const runner = new CommandRunner(new InMemoryEventStore());
    await runner.execute(taking(1, -1, 'c'));
    expect(await runner.execute(taking(1, -1, 'c'))).toMatchObject({ repeated: true, revision: 0 });
  });

  it('wins once of those that read the same, decided in one turn or ahead', async () => {
    const store = new GatedStore();
    const runner = new CommandRunner(store, { maxPerTurn: 2 });
    const answers = Promise.allSettled([1, 2, 3, 4].map((units) => runner.execute(taking(units, -1))));
    await someTurns();
    const late = Promise.allSettled([runner.execute(taking(1, -1)), runner.execute(taking(1, 0))]);
    await someTurns();
    store.letThrough();
    const lost = { status: 'rejected', reason: moved };
    expect(await answers).toMatchObject([{ value: { revision: 0 } }, lost, lost, lost]);
    expect(await late).toMatchObject([lost, { value: { revision: 1 } }]);
  });

  it('is refused where another process was faster, and not where this one has not yet heard of it', async () => {
    const store = new OneStreamEventStore();
    const [mine, theirs] = [new CommandRunner(store), new CommandRunner(store)];
    await mine.execute(taking(1, -1));
    await theirs.execute(taking(1, 0));
    await expect(mine.execute(taking(1, 0))).rejects.toMatchObject(moved);
    await theirs.execute(taking(1, 1));
    expect(await mine.execute(taking(1, 2))).toMatchObject({ revision: 3 });
  });

  it('refuses all streams of a command when one has moved', async () => {
    const store = new InMemoryEventStore();
    const runner = new CommandRunner(store);
    await runner.execute(taking(1, -1));
    const both = ['a', 'b'].map((id) => ({ on: shelf, id, command: take(1), expectedRevision: -1 }));
    await expect(runner.executeTogether(both, { metadata: metadata() })).rejects.toMatchObject(moved);
    expect(await store.head()).toBe(1);
  });
});

describe('when the store', () => {
  it('has been written to by another process, commands are decided afresh', async () => {
    const store = new InMemoryEventStore();
    const [mine, theirs] = [new CommandsTo(shelf, store), new CommandsTo(shelf, store)];
    await mine.execute('a', take(4), metadata());
    await theirs.execute('a', take(4), metadata());
    await expect(mine.execute('a', take(4), metadata())).rejects.toMatchObject({ code: 'empty', message: '2 left' });
    await expect(mine.execute('a', take(2), metadata())).resolves.toMatchObject({ revision: 2 });
  });

  it('has been refilled by another process, no command is refused on what was before', async () => {
    const store = new OneStreamEventStore();
    const [mine, theirs] = [new CommandsTo(shelf, store), new CommandsTo(shelf, store)];
    await mine.execute('a', take(10), metadata());
    await theirs.execute('a', take(-5), metadata());
    await expect(mine.execute('a', take(5), metadata())).resolves.toMatchObject({ revision: 2 });
    await theirs.execute('a', take(-3), metadata());
    await expect(mine.execute('a', take(0), metadata())).resolves.toMatchObject({ revision: 3, events: [] });
    await expect(mine.execute('a', take(4), metadata())).rejects.toMatchObject({ message: '3 left' });
  });

  it('is fought over by many, nothing is oversold and everybody is answered', async () => {
    const store = new InMemoryEventStore();
    const runners = Array.from({ length: 4 }, () => new CommandsTo(shelf, store));
    const answers = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        (runners[index % 4] as (typeof runners)[0]).execute('a', take(1), metadata()),
      ),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(await store.head()).toBe(10);
  });

  it('fails, the callers hear it and the state in memory is forgotten', async () => {
    const store = new InMemoryEventStore();
    const { runner } = runnerOn(store);
    await runner.execute('a', take(1), metadata());
    const append = store.append.bind(store);
    store.append = () => Promise.reject(new Error('disk full'));
    await expect(runner.execute('a', take(5), metadata())).rejects.toThrow('disk full');
    store.append = append;
    await expect(runner.execute('a', take(9), metadata())).resolves.toMatchObject({ revision: 1 });
  });

  it('has been written to by another process, what was decided ahead is decided afresh in its order', async () => {
    const store = new GatedStore();
    const { runner } = runnerOn(store);
    const first = runner.execute('a', take(4, 'first'), metadata());
    await until(() => store.waiting.length === 1);
    const ahead = [6, 5].map((units) => runner.execute('a', take(units, `ahead ${units}`), metadata()));
    const answers = Promise.allSettled([first, ...ahead]);
    await someTurns();
    const other = new InMemoryEventStore();
    await new CommandsTo(shelf, other).execute('a', take(1, 'another process'), metadata());
    const [{ stream, ...event }] = (await other.readStream('shelf-a')) as [RecordedEvent];
    await InMemoryEventStore.prototype.append.call(store, [{ stream, expected: 'any', events: [event] }]);
    store.letThrough();
    expect(await answers).toMatchObject([{}, { reason: { message: '5 left' } }, { value: { revision: 2 } }]);
    const stored = (await store.readStream('shelf-a')) as RecordedEvent<Taken>[];
    expect(stored.map(({ data }) => data.by)).toEqual(['another process', 'first', 'ahead 5']);
  });

  it('cannot be read, the callers hear it and the next ones try again', async () => {
    const store = new InMemoryEventStore();
    const { runner } = runnerOn(store);
    const load = store.load.bind(store);
    store.load = () => Promise.reject(new RevisionConflict([], 'away'));
    await expect(
      runner.executeTogether(
        [
          { id: 'a', command: take(1) },
          { id: 'b', command: take(1) },
        ],
        metadata(),
      ),
    ).rejects.toThrow('away');
    store.load = load;
    await expect(runner.execute('b', take(1), metadata())).resolves.toMatchObject({ revision: 0 });
    expect(runner.depth).toBe(0);
  });

  it('holds an event of unknown type, the aggregate stops', async () => {
    const store = new InMemoryEventStore();
    await store.append([
      {
        stream: 'shelf-a',
        expected: 'any',
        events: [{ id: '00000000-0000-4000-8000-000000000000', type: 'Burnt', data: {}, metadata: metadata() }],
      },
    ]);
    await expect(runnerOn(store).runner.execute('a', take(1), metadata())).rejects.toThrow(UnknownEvent);
  });
});

describe('a snapshot', () => {
  it('lets a stream load without its older events, commands remembered', async () => {
    const store = new InMemoryEventStore();
    const { runner } = runnerOn(store);
    for (let index = 0; index < 5; index += 1) await runner.execute('a', take(1), metadata(`s${index}`));
    const [history] = await store.load(['shelf-a'], 1);
    expect(history).toMatchObject({ snapshot: { revision: 3 }, events: [{ revision: 4 }] });
    const restarted = new CommandsTo(shelf, store);
    await expect(restarted.execute('a', take(6), metadata())).rejects.toMatchObject({ message: '5 left' });
    expect(await restarted.execute('a', take(1), metadata('s0'))).toMatchObject({ repeated: true, revision: 4 });
  });

  it('shows what is stored and nothing decided ahead, also of a stream that never rests', async () => {
    const store = new GatedStore();
    const { runner } = runnerOn(store, { maxPerTurn: 3 });
    const shopper = async (): Promise<void> => {
      for (let left = 8; left > 0; left -= 1) await runner.execute('a', take(0.1), metadata());
    };
    const shoppers = Promise.all(Array.from({ length: 6 }, shopper));
    const snapshots: Snapshot[] = [];
    store.saveSnapshots = async (saved) => void snapshots.push(...structuredClone(saved));
    await until(() => store.waiting.length > 0);
    for (let appends = 0; appends < 48 && runner.depth > 0; appends += 1) {
      await someTurns();
      store.letOneThrough();
      await until(() => store.waiting.length > 0 || runner.depth === 0);
    }
    await shoppers;
    expect(store.batches.length).toBeLessThanOrEqual(20);
    expect(snapshots.length).toBeGreaterThanOrEqual(6);
    for (const { revision, state } of snapshots)
      expect((state as { state: Shelf }).state.left).toBeCloseTo(10 - (revision + 1) * 0.1);
  });
});

describe('idle streams', () => {
  it('leave memory when there are too many, the least recently used first', async () => {
    const store = new InMemoryEventStore();
    let loads = 0;
    const load = store.load.bind(store);
    store.load = (...args) => {
      loads += args[0].length;
      return load(...args);
    };
    const runner = new CommandsTo({ ...shelf, memory: { maxIdleStreams: 10 } }, store);
    for (let index = 0; index < 11; index += 1) await runner.execute(`s${index}`, take(1), metadata());
    await runner.execute('s10', take(1), metadata());
    expect(loads).toBe(11);
    await runner.execute('s0', take(1), metadata());
    expect(loads).toBe(12);
  });

  it('of large state count for several', async () => {
    const memory = { maxIdleStreams: 32 };
    const weigh = ({ left }: Shelf) => (left < 9 ? 4 : 1);
    const large = new CommandsTo({ ...shelf, weigh, memory }, new InMemoryEventStore());
    for (let index = 0; index < 100; index += 1) await large.execute(`s${index}`, take(2), metadata());
    expect(large.figures().streams).toBeLessThanOrEqual(8);
  });

  it('of giant state leave room for others', async () => {
    const memory = { maxIdleStreams: 32 };
    const weigh = ({ left }: Shelf) => (left < 9 ? 1_000_000 : 1);
    const giant = new CommandsTo({ ...shelf, weigh, memory }, new InMemoryEventStore());
    for (let index = 0; index < 20; index += 1) {
      await giant.execute(`s${index}`, take(1), metadata());
      if (index === 0) await giant.execute('s0', take(2), metadata());
    }
    expect(giant.figures().streams).toBe(20);
  });

  it('leave memory when no command came for them in a while, and are read again', async () => {
    const runner = new CommandsTo({ ...shelf, memory: { idleMs: 50 } }, new InMemoryEventStore());
    for (let index = 0; index < 10; index += 1) await runner.execute(`s${index}`, take(1), metadata());
    const until = performance.now() + 150;
    while (performance.now() < until) {
      await runner.execute('busy', take(0), metadata());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(runner.figures().streams).toBe(1);
    expect(await runner.execute('s1', take(9), metadata())).toMatchObject({ revision: 1 });
  });
});

describe('a command that an event caused', () => {
  const endless: typeof shelf = { ...shelf, initialState: () => ({ left: 1_000_000 }) };
  const caused = (commandId: string) => ({ ...metadata(commandId), causationId: 'an event' });

  /** A stream on which `caused` was answered, and so many other commands of processes after it. */
  async function answered(others: number, store = new InMemoryEventStore()) {
    const runner = new CommandsTo(endless, store);
    await runner.execute('a', take(1), caused('caused'), 0);
    for (let index = 0; index < others; index += 1)
      await runner.execute('a', take(1), caused(`other${index}`), index + 1);
    return { store, runner };
  }

  it('is recognised however many commands came between, and after a restart', async () => {
    const { store, runner } = await answered(100);
    expect(await runner.execute('a', take(1), caused('caused'), 0)).toMatchObject({ repeated: true });
    const restarted = new CommandsTo(endless, store);
    expect(await restarted.execute('a', take(1), caused('caused'), 0)).toMatchObject({ repeated: true });
    expect(await store.head()).toBe(101);
  });

  it('makes the stream be read again only where memory ends after its cause, and once', async () => {
    const { store, runner } = await answered(100);
    const reads = readsOf(store);
    await runner.execute('a', take(1), caused('new'), 100);
    expect(reads.count).toBe(0);
    await runner.execute('a', take(1), caused('late'), 0);
    await runner.execute('a', take(1), caused('later'), 0);
    expect(reads.count).toBe(1);
  });

  it('makes nothing be read where its process lags far behind and goes on in order', async () => {
    const store = new InMemoryEventStore();
    const runner = new CommandsTo(endless, store);
    for (let index = 0; index < 300; index += 1) await runner.execute('b', take(1), metadata());
    const reads = readsOf(store);
    for (let cause = 1; cause <= 200; cause += 1) await runner.execute('a', take(1), caused(`${cause}`), cause);
    expect(reads.count).toBe(0);
    expect(await runner.execute('a', take(1), caused('1'), 1)).toMatchObject({ repeated: true });
    expect(reads.count).toBe(1);
  });

  function readsOf(store: InMemoryEventStore): { count: number } {
    const reads = { count: 0 };
    const readStream = store.readStream.bind(store);
    store.readStream = (...args) => {
      reads.count += 1;
      return readStream(...args);
    };
    return reads;
  }

  describe('and that was followed by so many decided ahead that it was forgotten', () => {
    /** Sends the command of each cause while an append is in flight, and lets that one through. */
    async function sentAhead(firstCause: number) {
      const store = new GatedStore();
      const rarely = { ...(endless.snapshot as SnapshotFormat<Shelf>), everyEvents: 10_000 };
      const runner = new CommandsTo({ ...endless, snapshot: rarely }, store);
      const send = (cause: number) => runner.execute('a', take(1), caused(`${cause}`), cause);
      const sendMany = () => Array.from({ length: 200 }, (_, index) => send(firstCause + 1 + index));
      const first = send(firstCause);
      await until(() => store.waiting.length === 1);
      const ahead = sendMany();
      await someTurns();
      store.letOneThrough();
      await first;
      return { store, send, sendMany, ahead };
    }

    it('is recognised before those are stored', async () => {
      const { store, send, sendMany, ahead } = await sentAhead(0);
      const again = [send(0), ...sendMany()];
      await someTurns();
      store.letThrough();
      expect((await Promise.all(ahead)).filter(({ repeated }) => repeated)).toHaveLength(0);
      expect((await Promise.all(again)).filter(({ repeated }) => repeated)).toHaveLength(201);
      expect(await store.head()).toBe(201);
    });

    it('makes nothing be read once they are known to lie before a later cause', async () => {
      const { store, send, ahead } = await sentAhead(1_000);
      store.letThrough();
      await Promise.all(ahead);
      const reads = readsOf(store);
      expect(await send(999)).toMatchObject({ repeated: false });
      expect(reads.count).toBe(0);
    });
  });

  it('does not make a command from outside be forgotten', async () => {
    const store = new InMemoryEventStore();
    await new CommandsTo(endless, store).execute('a', take(1), metadata('outside'));
    const { runner } = await answered(600, store);
    expect(await runner.execute('a', take(1), metadata('outside'))).toMatchObject({ repeated: true });
  });

  it('is recognised on every stream it spans, while others decide', async () => {
    const { store, runner } = await answered(100);
    const both = () => [
      { id: 'a', command: take(1) },
      { id: 'b', command: take(1) },
    ];
    await runner.executeTogether(both(), caused('both'), 101);
    for (let index = 0; index < 100; index += 1)
      await runner.execute('a', take(1), caused(`more${index}`), 200 + index);
    const head = await store.head();
    const [again, other] = await Promise.all([
      runner.executeTogether(both(), caused('both'), 101),
      runner.execute('b', take(1), metadata()),
    ]);
    expect(again).toMatchObject([{ repeated: true }, { repeated: true }]);
    expect(other).toMatchObject({ repeated: false });
    expect(await store.head()).toBe(head + 1);
  });
});

describe('commands behind one whose append failed', () => {
  it('fail with it, so that none overtakes it', async () => {
    const store = new GatedStore();
    const { runner } = runnerOn(store);
    const first = runner.execute('a', take(1), metadata());
    await until(() => store.waiting.length === 1);
    const behind = [runner.execute('a', take(1), metadata())];
    await someTurns();
    const spanning = ['a', 'b'].map((id) => ({ id, command: take(1) }));
    behind.push(runner.executeTogether(spanning, metadata()).then(([outcome]) => outcome as Outcome<Taken>));
    await someTurns();
    const answers = Promise.allSettled([first, ...behind]);
    store.refuseWith(new Error('disk full'));
    expect(await answers).toMatchObject(Array(3).fill({ status: 'rejected', reason: { message: 'disk full' } }));
    expect(await store.head()).toBe(0);
    expect(runner.depth).toBe(0);
  });
});
