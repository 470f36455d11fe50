import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { processEvents } from '#contracts';
import { idFrom, Rejected, toIso } from '#kernel';
import { InMemoryEventStore, OneStreamEventStore } from '#testing';
import { CommandRunner } from '../command-runner.js';
import type { Decider } from '../decider.js';
import type { DomainEvent, EventMetadata, EventStore, RecordedEvent, StreamAppend } from '../event-store.js';
import { defineProcess } from './define-process.js';
import { type ProcessCommand, processDecider, processIdOf } from './process.decider.js';
import { ProcessDriver } from './process-driver.js';
import type { ProcessEvent } from './process-events.js';

type BasketEvent =
  | { readonly type: 'BasketBought'; readonly data: { readonly basketId: string; readonly units: number } }
  | { readonly type: 'PaymentMade'; readonly data: { readonly basketId: string; readonly receipt: string } }
  | { readonly type: 'PaymentDeclined'; readonly data: { readonly basketId: string } };

type ShelfCommand = { readonly type: 'Take' | 'Refuse' | 'PutBack'; readonly by: string; readonly units: number };
type ShelfEvent =
  | { readonly type: 'Filled'; readonly data: { readonly units: number } }
  | { readonly type: 'Taken' | 'Refused' | 'PutBack'; readonly data: { readonly by: string; readonly units: number } };

/** Takes what every command says, also twice: a command that is sent twice under two ids shows. */
const shelf: Decider<ShelfCommand, ShelfEvent, number> = {
  category: 'shelf',
  eventTypes: ['Filled', 'Taken', 'Refused', 'PutBack'],
  initialState: () => 0,
  decide: ({ type, by, units }, free) => {
    if (type === 'Take' && units > free) return new Rejected('conflict', 'short', 'Too few are left.', {});
    return [{ type: ({ Take: 'Taken', Refuse: 'Refused', PutBack: 'PutBack' } as const)[type], data: { by, units } }];
  },
  evolve: (free, event) => {
    if (event.type === 'Filled' || event.type === 'PutBack') return free + event.data.units;
    return event.type === 'Taken' ? free - event.data.units : free;
  },
};

type DeskEvent = { readonly type: 'Asked' | 'Withdrawn' | 'Sent'; readonly data: { readonly note: string } };
/** Notes what every command says. */
const desk: Decider<DeskEvent, DeskEvent, null> = {
  category: 'desk',
  eventTypes: ['Asked', 'Withdrawn', 'Sent'],
  initialState: () => null,
  decide: (command) => [command],
  evolve: (state) => state,
};

const NAME = 'when-basket-is-bought-send-it';
const PAY_MS = 60_000;

interface Basket {
  readonly basketId: string;
  readonly units: number;
  readonly receipt?: string;
}

const sendIt = defineProcess<BasketEvent, Basket>({
  name: NAME,
  idOf: ({ data }) => data.basketId,
  starts: { BasketBought: ({ data }) => ({ ...data }) },
  steps: [
    {
      name: 'take',
      send: ({ basketId: by, units }) =>
        ['a', 'b', 'c'].map((id) => ({
          on: shelf,
          id,
          command: { type: 'Take', by, units },
          undo: { type: 'PutBack', by, units },
          refusal: { command: { type: 'Refuse', by, units }, recordedAs: 'Refused' },
        })),
    },
    {
      name: 'pay',
      send: ({ basketId }) => [
        {
          on: desk,
          id: basketId,
          command: { type: 'Asked', data: { note: 'pay' } },
          undo: { type: 'Withdrawn', data: { note: 'pay' } },
        },
      ],
      waits: {
        for: {
          PaymentMade: ({ data: { receipt } }, data) => ({ answer: 'done', data: { ...data, receipt } }),
          PaymentDeclined: () => ({ answer: 'refused' }),
        },
        forMs: PAY_MS,
        afterwards: 'refused',
      },
    },
    {
      name: 'send',
      send: ({ basketId, receipt = '' }) => [
        { on: desk, id: `parcel of ${basketId}`, command: { type: 'Sent', data: { note: receipt } } },
      ],
    },
  ],
});

const NOW = Date.parse('2026-01-31T12:00:00Z');
const clock = { now: () => NOW };

/** Counts appends of events, and ends one of them with an error, with or without its effect. */
const dying = (Store: typeof InMemoryEventStore) =>
  class extends Store {
    appends = 0;
    dieAt = Number.POSITIVE_INFINITY;
    moment: 'before' | 'after' = 'before';

    override async append(appends: readonly StreamAppend[]) {
      if (appends.every(({ events }) => events.length === 0)) return super.append(appends);
      this.appends += 1;
      const dies = this.appends === this.dieAt;
      if (dies && this.moment === 'before') throw new Error('the process died');
      const result = await super.append(appends);
      if (dies) throw new Error('the process died');
      return result;
    }
  };
const Atomic = dying(InMemoryEventStore);
const OneStream = dying(OneStreamEventStore);
type DyingStore = InstanceType<typeof Atomic>;

const stores = [
  { kind: 'many streams in a commit', open: (): DyingStore => new Atomic() },
  { kind: 'one stream in a commit', open: (): DyingStore => new OneStream() },
] as const;

const metadataOf = (commandId: string): EventMetadata => ({
  commandId,
  correlationId: 'c',
  actor: 'spec',
  occurredAt: toIso(NOW),
});

/** Stores events as another service does, and reads them back. */
async function happened(store: EventStore, ...events: readonly DomainEvent[]): Promise<RecordedEvent[]> {
  const after = await store.head();
  for (const [index, { type, data }] of events.entries()) {
    const id = idFrom(`${after} ${index}`);
    const event = { id, type, data, metadata: metadataOf(id) };
    const stream =
      type === 'Filled' ? `shelf-${Reflect.get(data, 'shelf')}` : `basket-${Reflect.get(data, 'basketId')}`;
    await store.append([{ stream, expected: 'any', events: [event] }]);
  }
  return [...(await store.readAll({ after })).events];
}

const fill = (store: EventStore, units: number) =>
  happened(store, ...['a', 'b', 'c'].map((name) => ({ type: 'Filled', data: { units, shelf: name } })));
const bought = (basketId: string, units = 1) => ({ type: 'BasketBought', data: { basketId, units } });
const paid = (basketId: string) => ({ type: 'PaymentMade', data: { basketId, receipt: `receipt of ${basketId}` } });
const declined = (basketId: string) => ({ type: 'PaymentDeclined', data: { basketId } });

/** A process of the operating system: nothing in memory. */
function driverOver(store: EventStore) {
  const commands = new CommandRunner(store, { clock });
  return { store, commands, driver: new ProcessDriver(sendIt, { store, commands, clock }) };
}

type Running = ReturnType<typeof driverOver>;

const streamOf = (instance: string) => `process-${processIdOf(NAME, instance)}`;
const typesOf = async (store: EventStore, stream: string) => (await store.readStream(stream)).map(({ type }) => type);
const ownEvents = async (store: EventStore, instance: string) =>
  (await store.readStream(streamOf(instance))) as unknown as RecordedEvent<ProcessEvent>[];

/** Sends an instance a command of the timer or of a person, and gives what it stored of that. */
async function sentTo(
  { store, commands }: Running,
  instance: string,
  command: ProcessCommand,
): Promise<RecordedEvent[]> {
  const after = await store.head();
  const metadata = metadataOf(`${command.type} ${instance}`);
  await commands.execute({ on: processDecider, id: processIdOf(NAME, instance), command, metadata });
  return [...(await store.readAll({ after })).events];
}

async function timeOut(running: Running, instance: string): Promise<RecordedEvent[]> {
  const { store } = running;
  const sent = (await ownEvents(store, instance)).findLast(({ type }) => type === 'StepSent');
  if (sent?.type !== 'StepSent') return [];
  const { step, until } = sent.data;
  return sentTo(running, instance, { type: 'TimeOutStep', step, until });
}

/** What holds for a basket once nothing moves any more, whatever happened on the way. */
async function checkAtRest(store: EventStore, instance: string): Promise<'done' | 'undone' | 'waits'> {
  const own = await ownEvents(store, instance);
  for (const { type, data } of own) expect(processEvents[type].data.parse(data)).toEqual(data);
  const ends = own.filter(({ type }) => type === 'ProcessEnded');
  expect(ends.length).toBeLessThanOrEqual(1);
  const [end] = ends;
  if (end) expect(own.at(-1)).toBe(end);
  const state = end?.type === 'ProcessEnded' ? end.data.end : 'waits';
  for (const name of ['a', 'b', 'c']) {
    const moves = (await store.readStream(`shelf-${name}`)).filter(({ data }) => Reflect.get(data, 'by') === instance);
    const count = (type: string) => moves.filter((move) => move.type === type).length;
    expect(count('Taken')).toBeLessThanOrEqual(1);
    expect(count('Taken') - count('PutBack')).toBe(state === 'undone' ? 0 : 1);
  }
  const asked = await typesOf(store, `desk-${instance}`);
  expect(asked.filter((type) => type === 'Asked').length).toBeLessThanOrEqual(1);
  expect(asked.filter((type) => type === 'Withdrawn').length).toBeLessThanOrEqual(1);
  expect(await typesOf(store, `desk-parcel of ${instance}`)).toEqual(state === 'done' ? ['Sent'] : []);
  if (state !== 'waits' && state !== 'done') expect(state).toBe('undone');
  return state === 'done' || state === 'undone' ? state : 'waits';
}

describe.each(stores)('a process over a store with $kind', ({ open }) => {
  let store: DyingStore;
  let running: Running;
  let driver: ProcessDriver;
  beforeEach(async () => {
    store = open();
    await fill(store, 5);
    running = driverOver(store);
    ({ driver } = running);
  });

  it('does its steps, waits, goes on with the answer, and ends', async () => {
    await driver.react(await happened(store, bought('b1')));
    expect(await typesOf(store, streamOf('b1'))).toEqual(['ProcessStarted', 'StepAnswered', 'StepSent']);
    expect((await ownEvents(store, 'b1')).at(-1)?.data).toEqual({
      step: 'pay',
      waitsFor: ['PaymentMade', 'PaymentDeclined'],
      until: toIso(NOW + PAY_MS),
      forMs: PAY_MS,
      afterwards: 'refused',
    });
    await driver.react(await happened(store, paid('b1')));
    expect(await checkAtRest(store, 'b1')).toBe('done');
    expect((await store.readStream('desk-parcel of b1'))[0]?.data).toEqual({ note: 'receipt of b1' });
  });

  it('takes back what was done, last step first, when a later step is refused', async () => {
    await driver.react(await happened(store, bought('b1')));
    await driver.react(await happened(store, declined('b1')));
    expect(await checkAtRest(store, 'b1')).toBe('undone');
    const undone = (await ownEvents(store, 'b1')).flatMap(({ type, data }) => (type === 'StepUndone' ? [data] : []));
    expect(undone).toEqual([{ step: 'pay' }, { step: 'take' }]);
    // The refused step had sent its command, and nothing says that it had no effect.
    expect(await typesOf(store, 'desk-b1')).toEqual(['Asked', 'Withdrawn']);
  });

  it('takes back what was done when the time is up, and an answer that comes then is left for a person', async () => {
    await driver.react(await happened(store, bought('b1')));
    await driver.react(await timeOut(running, 'b1'));
    expect(await checkAtRest(store, 'b1')).toBe('undone');
    await expect(driver.react(await happened(store, paid('b1')))).rejects.toThrow('took the answer to pay for undone');
    expect(await checkAtRest(store, 'b1')).toBe('undone');
  });

  it('has nothing taken when one shelf has too few', async () => {
    await happened(store, { type: 'Filled', data: { units: -3, shelf: 'b' } });
    await driver.react(await happened(store, bought('b1', 4)));
    expect(await checkAtRest(store, 'b1')).toBe('undone');
    for (const name of ['b', 'c']) expect((await typesOf(store, `shelf-${name}`)).at(-1)).toBe('Refused');
  });

  it('counts an answer that comes before it waits for it', async () => {
    const events = await happened(store, paid('b1'), bought('b1'));
    await driver.react(events);
    expect(await checkAtRest(store, 'b1')).toBe('done');
  });

  it('changes nothing for the same events again, in this process or in another', async () => {
    const events = await happened(store, bought('b1'), paid('b1'));
    for (const event of events) await driver.react([event]);
    const head = await store.head();
    await driver.react(events);
    await driverOver(store).driver.react(events);
    expect(await store.head()).toBe(head);
  });

  it('sends the step again that waits when a person wants that, and its command has no second effect', async () => {
    await driver.react(await happened(store, bought('b1')));
    await driver.react(await sentTo(running, 'b1', { type: 'RetryStep' }));
    expect(await typesOf(store, 'desk-b1')).toEqual(['Asked']);
    await driver.react(await happened(store, paid('b1')));
    expect(await checkAtRest(store, 'b1')).toBe('done');
  });

  it('does nothing more once a person has ended it', async () => {
    await driver.react(await happened(store, bought('b1')));
    await sentTo(running, 'b1', { type: 'EndProcess', reason: 'test', takeBack: false });
    await driver.react(await happened(store, paid('b1')));
    expect((await ownEvents(store, 'b1')).at(-1)?.data).toEqual({ end: 'ended', reason: 'test' });
    expect(await typesOf(store, 'desk-parcel of b1')).toEqual([]);
  });

  it('does what the first one began when two processes handle the same events at once', async () => {
    const events = await happened(store, bought('b1'), paid('b1'));
    const others = [driverOver(store).driver, driverOver(store).driver];
    await Promise.all([driver, ...others].map((each) => each.react(events)));
    expect(await checkAtRest(store, 'b1')).toBe('done');
  });

  it('keeps its promises in any order of events, with repeats, and killed between any two writes', async () => {
    const answer = fc.constantFrom(paid, declined, undefined);
    const world = fc.record({
      answers: fc.array(answer, { minLength: 1, maxLength: 4 }),
      units: fc.integer({ min: 1, max: 3 }),
      order: fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
      pages: fc.integer({ min: 1, max: 3 }),
      dieAt: fc.integer({ min: 1, max: 25 }),
      moment: fc.constantFrom('before' as const, 'after' as const),
    });
    await fc.assert(
      fc.asyncProperty(world, async ({ answers, units, order, pages, dieAt, moment }) => {
        const each = open();
        await fill(each, 5);
        const names = answers.map((_, index) => `b${index}`);
        const events = await happened(
          each,
          ...names.map((name) => bought(name, units)),
          ...answers.flatMap((answered, index) => (answered ? [answered(`b${index}`)] : [])),
        );
        const shuffled = events.toSorted((a, b) => (order[a.position % 12] ?? 0) - (order[b.position % 12] ?? 0));
        each.dieAt = each.appends + dieAt;
        each.moment = moment;
        let alive = driverOver(each);
        const handle = async (page: readonly RecordedEvent[]) => {
          try {
            await alive.driver.react(page);
          } catch (error) {
            if (!String(error).includes('the process died')) throw error;
            alive = driverOver(each);
            await alive.driver.react(page);
          }
        };
        for (let start = 0; start < shuffled.length; start += pages) await handle(shuffled.slice(start, start + pages));
        await handle(shuffled);
        each.dieAt = Number.POSITIVE_INFINITY;
        for (const [index, name] of names.entries()) {
          const state = await checkAtRest(each, name);
          if (state !== 'waits') continue;
          expect(answers[index]).toBeUndefined();
          await handle(await timeOut(alive, name));
          expect(await checkAtRest(each, name)).toBe('undone');
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('what a process costs', () => {
  it('that need not wait is one commit with all of its commands, where a commit may hold several streams', async () => {
    const allocate = defineProcess<BasketEvent, Basket>({
      name: 'when-basket-is-bought-take-it',
      idOf: ({ data }) => data.basketId,
      starts: { BasketBought: ({ data }) => ({ ...data }) },
      steps: [sendIt.steps[0] as never],
    });
    const store = new Atomic();
    await fill(store, 5);
    const driver = new ProcessDriver(allocate, { store, commands: new CommandRunner(store, { clock }), clock });
    const page = await happened(store, bought('b1'));
    const before = store.appends;
    await driver.react(page);
    expect(store.appends).toBe(before + 1);
    expect(await typesOf(store, 'process-when-basket-is-bought-take-it:b1')).toEqual([
      'ProcessStarted',
      'StepAnswered',
      'ProcessEnded',
    ]);
  });
});
