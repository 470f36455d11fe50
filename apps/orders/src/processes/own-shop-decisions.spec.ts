import { beforeEach, describe, expect, it } from '@jest/globals';
import { inSkuOrder, type OrderEvent, type StockEvent } from '#contracts';
import {
  CommandRunner,
  type EventMetadata,
  type EventStore,
  ProcessDriver,
  type RecordedEvent,
  type StreamAppend,
} from '#event-sourcing';
import { idFrom, systemClock } from '#kernel';
import { InMemoryEventStore, OneStreamEventStore } from '#testing';
import { orderDecider } from '../order/order.decide.js';
import { OrderDecisions } from '../order/order-decisions.js';
import { placeOrDeclineOrders } from './when-stock-answers-place-or-decline-order/when-stock-answers-place-or-decline-order.js';

const occurredAt = '2026-03-01T10:00:00.000Z';
const metadata: EventMetadata = {
  commandId: 'c',
  correlationId: 'checkout',
  actor: 'shopper',
  occurredAt,
  receivedAt: occurredAt,
};
const lines = ['MUG', 'CUP'].map((sku, index) => ({ lineId: `${index}`, sku, units: 3, unitPriceMinor: 500 }));

const { name: NAME } = placeOrDeclineOrders();

let store: EventStore;
let commands: CommandRunner;
let driver: ProcessDriver;

beforeEach(() => openOver(new InMemoryEventStore()));

/** As a process of the operating system does that has just begun. */
function openOver(opened: EventStore): void {
  store = opened;
  commands = new CommandRunner(store);
  driver = new ProcessDriver(placeOrDeclineOrders(), { store, commands, clock: systemClock });
}

async function submit(orderId: string): Promise<RecordedEvent[]> {
  const after = await store.head();
  await commands.execute({
    on: orderDecider,
    id: orderId,
    command: { type: 'SubmitOrder', orderId, channel: 'web', currency: 'EUR', lines, buyer: {}, placedAt: occurredAt },
    metadata: { ...metadata, commandId: orderId },
  });
  return [...(await store.readAll({ after })).events];
}

/** Submits an order, and has the process begin to wait for its stock. */
const submitted = async (orderId: string) => driver.react(await submit(orderId));

/** Stores what inventory answers, in the order of SKUs, and reads it back. */
async function answered<Type extends StockEvent['type']>(
  events: readonly (Extract<StockEvent, { type: Type }> & { sku: string })[],
): Promise<RecordedEvent<Extract<StockEvent, { type: Type }>>[]> {
  const after = await store.head();
  for (const [index, { sku, type, data }] of events.entries())
    await store.append([
      { stream: `stock-${sku}`, expected: 'any', events: [{ id: idFrom(`${after}/${index}`), type, data, metadata }] },
    ]);
  return (await store.readAll({ after })).events as RecordedEvent<Extract<StockEvent, { type: Type }>>[];
}

const allocated = (orderId: string, as: 'request' | 'fact' = 'request') =>
  answered(
    inSkuOrder(lines).map(({ sku, lineId, units }) => ({
      sku,
      type: 'StockAllocated',
      data: { orderId, lineId, channel: 'web', as, from: [{ locationId: 'main', units }] },
    })),
  );

const declined = (orderId: string) =>
  answered([
    { sku: 'CUP', type: 'StockAllocationDeclined', data: { orderId, channel: 'web', requested: 3, available: 9 } },
    { sku: 'MUG', type: 'StockAllocationDeclined', data: { orderId, channel: 'web', requested: 3, available: 1 } },
  ]);

const eventsOf = async (orderId: string) => (await store.readStream(`order-${orderId}`)) as RecordedEvent<OrderEvent>[];
const typesIn = async (orderId: string) => (await eventsOf(orderId)).map(({ type }) => type);
const processOf = async (orderId: string) =>
  (await store.readStream(`process-${NAME}:${orderId}`)).map(({ type }) => type);

describe('an order of our own shop', () => {
  it('waits for its stock, with a time', async () => {
    await submitted('o1');
    expect(await processOf('o1')).toEqual(['ProcessStarted', 'StepAnswered', 'StepSent']);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted']);
  });

  it('is placed once when its stock is allocated, in the name of the event', async () => {
    await submitted('o1');
    const events = await allocated('o1');
    await driver.react(events);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
    expect((await eventsOf('o1'))[1]?.metadata).toMatchObject({
      causationId: events.find(({ stream }) => stream === 'stock-MUG')?.id,
      correlationId: 'checkout',
      actor: `process:${NAME}`,
      occurredAt,
      receivedAt: occurredAt,
    });
    expect((await processOf('o1')).at(-1)).toBe('ProcessEnded');
  });

  it('is placed when submission and answer come in one page', async () => {
    const events = [...(await submit('o1')), ...(await allocated('o1'))];
    await driver.react(events);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
  });

  it('changes nothing for the same events twice', async () => {
    const events = [...(await submit('o1')), ...(await allocated('o1'))];
    await driver.react(events);
    const head = await store.head();
    await driver.react(events);
    openOver(store);
    for (const event of events) await driver.react([event]);
    expect(await store.head()).toBe(head);
  });

  it('goes on where it was stopped in the middle of an order', async () => {
    await submitted('o1');
    await submitted('o2');
    const events = [...(await allocated('o1')), ...(await allocated('o2'))];
    await driver.react(events.slice(0, 1));
    await driver.react(events);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
    expect(await typesIn('o2')).toEqual(['OrderSubmitted', 'OrderPlaced']);
  });

  it('is left alone by what was allocated for a fact, or ahead of the order for a reservation', async () => {
    await submitted('o1');
    const ahead = (await allocated('o1')).map((event) => ({
      ...event,
      data: { ...event.data, reservationId: 'cart' },
    }));
    await driver.react([...(await allocated('o1', 'fact')), ...ahead]);
    await driver.react(await allocated('a sale', 'fact'));
    expect(await typesIn('o1')).toEqual(['OrderSubmitted']);
    expect(await processOf('a sale')).toEqual([]);
  });

  it('waits for the last SKU, which is allocated after all others', async () => {
    await submitted('o1');
    const events = await allocated('o1');
    await driver.react(events.filter(({ stream }) => stream === 'stock-CUP'));
    expect(await typesIn('o1')).toEqual(['OrderSubmitted']);
    await driver.react(events.filter(({ stream }) => stream === 'stock-MUG'));
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
  });

  it('is placed by an answer that is read before the submission', async () => {
    const submission = await submit('o1');
    await driver.react(await allocated('o1'));
    await driver.react(submission);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
  });

  it('is declined in spite of what was allocated before a later SKU was refused', async () => {
    await submitted('o1');
    const events = await allocated('o1');
    await driver.react(await declined('o1'));
    await driver.react(events.filter(({ stream }) => stream === 'stock-CUP'));
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderDeclined']);
  });

  const short = [{ sku: 'MUG', requested: 3, available: 1 }];

  it('is declined once, with the SKUs that are short', async () => {
    await submitted('o1');
    const events = await declined('o1');
    await driver.react(events);
    await driver.react(events);
    expect(await eventsOf('o1')).toMatchObject([
      { type: 'OrderSubmitted' },
      { type: 'OrderDeclined', data: { short } },
    ]);
    expect(await eventsOf('o1')).toHaveLength(2);
  });

  it('is declined with the SKUs that are short even when the page ends within the order', async () => {
    await submitted('o1');
    await submitted('o2');
    const events = await declined('o1');
    await declined('o2');
    await driver.react(events.slice(0, 1));
    await driver.react(events.slice(1));
    expect(await eventsOf('o1')).toMatchObject([{ type: 'OrderSubmitted' }, { data: { short } }]);
    expect(await typesIn('o2')).toEqual(['OrderSubmitted']);
  });

  it('is declined with all SKUs where the number was not what was refused', async () => {
    await submitted('o1');
    const restricted = {
      type: 'StockAllocationDeclined' as const,
      data: { orderId: 'o1', channel: 'web', requested: 3, available: 9 },
    };
    await driver.react(await answered([{ sku: 'MUG', ...restricted }]));
    expect((await eventsOf('o1'))[1]?.data).toMatchObject({ short: [{ sku: 'MUG', requested: 3, available: 9 }] });
  });

  it('that was declined before there were processes waits for nothing', async () => {
    const submission = await submit('o1');
    const after = await store.head();
    const command = { type: 'DeclineOrder', orderId: 'o1', short } as const;
    await commands.execute({ on: orderDecider, id: 'o1', command, metadata: { ...metadata, commandId: 'declined' } });
    await driver.react([...submission, ...(await store.readAll({ after })).events]);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderDeclined']);
    expect((await processOf('o1')).at(-1)).toBe('ProcessEnded');
  });

  it('leaves the opposite of what was decided to a person', async () => {
    await submitted('o1');
    await driver.react(await allocated('o1'));
    await expect(driver.react(await declined('o1'))).rejects.toThrow('took the answer to await-stock for done');
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
  });
});

describe.each([
  ['many streams in a commit', InMemoryEventStore],
  ['one stream in a commit', OneStreamEventStore],
] as const)('an order that is decided over a store with %s, killed at any write', (_, Store) => {
  const deaths = [1, 2, 3, 4].flatMap((append) => (['before', 'after'] as const).map((moment) => ({ append, moment })));
  it.each(deaths)('is decided once: $moment append $append', async ({ append, moment }) => {
    for (const answer of [allocated, declined]) {
      const dying = new (dyingAfter(Store))();
      openOver(dying);
      const pages = [await submit('o1'), await answer('o1')];
      dying.dieAt = dying.appends + append;
      dying.moment = moment;
      for (const page of pages)
        await driver.react(page).catch((error: unknown) => {
          if (!String(error).includes('the process died')) throw error;
          openOver(dying);
          return driver.react(page);
        });
      expect(await typesIn('o1')).toEqual(['OrderSubmitted', answer === allocated ? 'OrderPlaced' : 'OrderDeclined']);
      const process = await processOf('o1');
      expect(process.filter((type) => type === 'ProcessEnded')).toHaveLength(1);
      expect(process.at(-1)).toBe('ProcessEnded');
    }
  });
});

/** Ends one append of events with an error, without or with its effect. */
const dyingAfter = (Store: typeof InMemoryEventStore) =>
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

describe('waiting for a decision', () => {
  let decisions: OrderDecisions;

  beforeEach(() => {
    decisions = new OrderDecisions(store);
  });

  it.each([
    ['placed', async () => driver.react(await allocated('o1')), { status: 'placed' }],
    [
      'declined',
      async () => driver.react(await declined('o1')),
      { status: 'declined', short: [{ sku: 'MUG', requested: 3, available: 1 }] },
    ],
  ])('is over when the order is %s', async (_, decide, decision) => {
    const stop = new AbortController();
    const listening = decisions.listen(stop.signal);
    await submitted('o1');
    const waiting = decisions.waitFor('o1', 60_000);
    await decide();
    expect(await waiting).toEqual(decision);
    stop.abort();
    await listening;
  });

  it('finds in the log what it did not hear', async () => {
    await submitted('o1');
    await driver.react(await allocated('o1'));
    expect(await decisions.waitFor('o1', 1)).toEqual({ status: 'placed' });
  });

  it('ends without an answer when there is none', async () => {
    await submit('o1');
    expect(await decisions.waitFor('o1', 1)).toBeUndefined();
  });
});
