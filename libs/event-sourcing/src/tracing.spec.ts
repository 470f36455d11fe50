import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Rejected } from '#kernel';
import { InMemoryEventStore, RecordingTracer } from '#testing';
import {
  becauseOf,
  CommandRunner,
  currentContext,
  type Decider,
  type EventMetadata,
  type EventStore,
  type RecordedEvent,
  traceIdOf,
  workOnPage,
} from './index.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const traced = `00-${TRACE_ID}-00f067aa0ba902b7-01`;
const unsampled = `00-${TRACE_ID}-00f067aa0ba902b7-00`;

interface Shelf {
  units: number;
}
interface Take {
  readonly type: 'TakeUnits';
  readonly units: number;
}
interface UnitsTaken {
  readonly type: 'UnitsTaken';
  readonly data: { readonly units: number };
}

const shelf: Decider<Take, UnitsTaken, Shelf> = {
  category: 'shelf',
  eventTypes: ['UnitsTaken'],
  initialState: () => ({ units: 10 }),
  evolve: (state, { data }) => ({ units: state.units - data.units }),
  decide: ({ units }, state) =>
    state.units < units ? new Rejected('conflict', 'too-few', 'Too few.') : [{ type: 'UnitsTaken', data: { units } }],
};
class FullStore extends InMemoryEventStore {
  override append(): Promise<never> {
    return Promise.reject(new Error('no room'));
  }
}

const take = (units: number): Take => ({ type: 'TakeUnits', units });

const metadata = (commandId: string, traceparent?: string): EventMetadata => ({
  commandId,
  correlationId: `of-${commandId}`,
  actor: 'spec',
  occurredAt: '2026-01-01T00:00:00.000Z',
  ...(traceparent !== undefined && { traceparent }),
});

const eventsIn = async (store: EventStore): Promise<readonly RecordedEvent[]> =>
  (await store.readAll({ after: 0 })).events;

describe('a trace', () => {
  let tracer: RecordingTracer;
  let store: InMemoryEventStore;
  let runner: CommandRunner;

  const execute = (id: string, command: Take, metadata: EventMetadata) =>
    runner.execute({ on: shelf, id, command, metadata });

  beforeEach(() => {
    tracer = new RecordingTracer();
    store = new InMemoryEventStore();
    runner = new CommandRunner(store);
  });
  afterEach(() => tracer.stop());

  it('goes from a command over its event to the commands that follow from it', async () => {
    await execute('a', take(1), metadata('1', traced));
    await workOnPage(await eventsIn(store), { name: 'process refill', kind: 'internal' }, async (page) => {
      for (const event of page) await execute('b', take(2), becauseOf('refill', event, 'b'));
    });
    expect(tracer.steps.map((step) => tracer.pathOf(step))).toEqual([
      ['append', 'command TakeUnits'],
      ['command TakeUnits'],
      ['append', 'command TakeUnits', 'process refill', 'command TakeUnits'],
      ['command TakeUnits', 'process refill', 'command TakeUnits'],
      ['process refill', 'command TakeUnits'],
    ]);
    expect(new Set(tracer.steps.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
    const events = await eventsIn(store);
    expect(events.map(({ metadata: { traceparent } }) => traceIdOf(traceparent))).toEqual([TRACE_ID, TRACE_ID]);
  });

  it('tells what a command came to, and nothing of what it says', async () => {
    await execute('a', take(1), metadata('1', traced));
    await execute('a', take(1), metadata('1', traced));
    await expect(execute('a', take(100), metadata('2', traced))).rejects.toThrow('Too few.');
    expect(tracer.named('command TakeUnits').map(({ attributes, error }) => ({ ...attributes, error }))).toEqual(
      ['changed', 'repeated', 'rejected'].map((outcome) => ({
        'einklang.category': 'shelf',
        'einklang.stream': 'shelf-a',
        'einklang.streams': 1,
        'einklang.command': 'TakeUnits',
        'einklang.outcome': outcome,
        error: undefined,
      })),
    );
  });

  it('ends with the error where the store takes nothing', async () => {
    const failing = new CommandRunner(new FullStore());
    await expect(
      failing.execute({ on: shelf, id: 'a', command: take(1), metadata: metadata('1', traced) }),
    ).rejects.toThrow('no room');
    expect(tracer.steps.map(({ name, error }) => [name, error])).toEqual([
      ['append', new Error('no room')],
      ['command TakeUnits', new Error('no room')],
    ]);
  });

  it('has its own step for an append it shares with others', async () => {
    await Promise.all(
      [traced, undefined, traced].map((cause, index) => execute('a', take(1), metadata(String(index), cause))),
    );
    expect(tracer.named('append').map(({ attributes }) => attributes)).toEqual(
      Array(2).fill({ 'einklang.batch.commands': 3, 'einklang.batch.streams': 1 }),
    );
  });

  it('is not begun by untraced commands and events', async () => {
    await execute('a', take(1), metadata('1'));
    await execute('a', take(1), metadata('2', unsampled));
    const page = await eventsIn(store);
    await workOnPage(page, { name: 'view', kind: 'internal' }, async (given) => expect(given).toBe(page));
    expect(tracer.steps).toEqual([]);
  });

  it('costs nothing while traces are off: pages are handed on as they are', async () => {
    await execute('a', take(1), metadata('1', traced));
    const page = await eventsIn(store);
    tracer.stop();
    await workOnPage(page, { name: 'view', kind: 'internal' }, async (given) => expect(given).toBe(page));
  });
});

describe('log lines about a page', () => {
  const eventOf = (commandId: string): RecordedEvent => ({
    id: commandId,
    type: 'UnitsTaken',
    data: {},
    metadata: metadata(commandId),
    stream: 'shelf-a',
    revision: 0,
    position: 1,
    recordedAt: '2026-01-01T00:00:00.000Z',
  });
  const contextOn = (page: readonly RecordedEvent[]) =>
    workOnPage(page, { name: 'view', kind: 'internal' }, async () => currentContext());

  it('know the request it followed from, where that is one', async () => {
    expect(await contextOn([eventOf('1'), eventOf('1')])).toEqual({ correlationId: 'of-1', actor: 'spec' });
    expect(await contextOn([eventOf('1'), eventOf('2')])).toBeUndefined();
  });
});

describe('the id of a trace', () => {
  it.each([
    [traced, TRACE_ID],
    [unsampled, TRACE_ID],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, undefined],
    ['me@example.org', undefined],
    [undefined, undefined],
  ])('in %s is %s', (traceparent, traceId) => {
    expect(traceIdOf(traceparent)).toBe(traceId);
  });
});
