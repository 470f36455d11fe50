import { beforeEach, describe, expect, it } from '@jest/globals';
import type { OrderEvent, StockEvent } from '#contracts';
import { CommandRunner, type EventMetadata, type RecordedEvent } from '#event-sourcing';
import { idFrom } from '#kernel';
import { InMemoryEventStore } from '#testing';
import { orderDecider } from '../order/order.decide.js';
import { OrderDecisions } from '../order/order-decisions.js';
import { WhenAllocationIsDeclinedDeclineOrder } from './when-allocation-is-declined-decline-order/decline-order.reaction.js';
import { WhenStockIsAllocatedPlaceOrder } from './when-stock-is-allocated-place-order/place-order.reaction.js';

const occurredAt = '2026-03-01T10:00:00.000Z';
const metadata: EventMetadata = {
  commandId: 'c',
  correlationId: 'checkout',
  actor: 'shopper',
  occurredAt,
  receivedAt: occurredAt,
};
const lines = ['MUG', 'CUP'].map((sku, index) => ({ lineId: `${index}`, sku, units: 3, unitPriceMinor: 500 }));

let store: InMemoryEventStore;
let commands: CommandRunner;
let place: WhenStockIsAllocatedPlaceOrder;
let decline: WhenAllocationIsDeclinedDeclineOrder;

beforeEach(() => {
  store = new InMemoryEventStore();
  commands = new CommandRunner(store);
  place = new WhenStockIsAllocatedPlaceOrder(commands);
  decline = new WhenAllocationIsDeclinedDeclineOrder(commands, store);
});

const submit = (orderId: string) =>
  commands.execute({
    on: orderDecider,
    id: orderId,
    command: { type: 'SubmitOrder', orderId, channel: 'web', currency: 'EUR', lines, buyer: {}, placedAt: occurredAt },
    metadata: { ...metadata, commandId: orderId },
  });

/** Stores what inventory answers, in one commit, and reads it back. */
async function answered<Type extends StockEvent['type']>(
  events: readonly (Extract<StockEvent, { type: Type }> & { sku: string })[],
): Promise<RecordedEvent<Extract<StockEvent, { type: Type }>>[]> {
  const after = await store.head();
  await store.append(
    events.map(({ sku, type, data }, index) => ({
      stream: `stock-${sku}`,
      expected: 'any' as const,
      events: [{ id: idFrom(`${after}/${index}`), type, data, metadata }],
    })),
  );
  return (await store.readAll({ after })).events as RecordedEvent<Extract<StockEvent, { type: Type }>>[];
}

const allocated = (orderId: string, as: 'request' | 'fact' = 'request') =>
  answered(
    lines.map(({ sku, lineId, units }) => ({
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

describe('when stock is allocated, place the order', () => {
  it('places a submitted order once, in the name of the event', async () => {
    await submit('o1');
    const events = await allocated('o1');
    await place.react(events);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
    expect((await eventsOf('o1'))[1]?.metadata).toMatchObject({
      causationId: events.find(({ stream }) => stream === 'stock-MUG')?.id,
      correlationId: 'checkout',
      actor: 'process:when-stock-is-allocated-place-order',
      occurredAt,
      receivedAt: occurredAt,
    });
  });

  it('does nothing for the same events twice', async () => {
    await submit('o1');
    const events = await allocated('o1');
    await place.react(events);
    await place.react(events);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
  });

  it('goes on where it was stopped in the middle of an order', async () => {
    await submit('o1');
    await submit('o2');
    const events = [...(await allocated('o1')), ...(await allocated('o2'))];
    await place.react(events.slice(0, 1));
    await place.react(events);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
    expect(await typesIn('o2')).toEqual(['OrderSubmitted', 'OrderPlaced']);
  });

  it('leaves alone what was allocated for a fact, or for an order that is not ours', async () => {
    await submit('o1');
    await place.react([...(await allocated('o1', 'fact')), ...(await allocated('unknown'))]);
    expect(await typesIn('o1')).toEqual(['OrderSubmitted']);
    expect(await typesIn('unknown')).toEqual([]);
  });

  it('waits for the last SKU, which is allocated after all others', async () => {
    await submit('o1');
    const events = await allocated('o1');
    await place.react(events.filter(({ stream }) => stream === 'stock-CUP'));
    expect(await typesIn('o1')).toEqual(['OrderSubmitted']);
    await place.react(events.filter(({ stream }) => stream === 'stock-MUG'));
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
  });

  it('leaves alone what was allocated before a later SKU was refused', async () => {
    await submit('o1');
    const events = await allocated('o1');
    await decline.react(await declined('o1'));
    await place.react(events.filter(({ stream }) => stream === 'stock-CUP'));
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderDeclined']);
  });
});

describe('when an allocation is declined, decline the order', () => {
  const short = [{ sku: 'MUG', requested: 3, available: 1 }];

  it('declines a submitted order once, with the SKUs that are short', async () => {
    await submit('o1');
    const events = await declined('o1');
    await decline.react(events);
    await decline.react(events);
    expect(await eventsOf('o1')).toMatchObject([
      { type: 'OrderSubmitted' },
      { type: 'OrderDeclined', data: { short } },
    ]);
    expect(await eventsOf('o1')).toHaveLength(2);
  });

  it('names the SKUs that are short even when the page ends within the order', async () => {
    await submit('o1');
    await submit('o2');
    const events = await declined('o1');
    await declined('o2');
    await decline.react(events.slice(0, 1));
    await decline.react(events.slice(1));
    expect(await eventsOf('o1')).toMatchObject([{ type: 'OrderSubmitted' }, { data: { short } }]);
    expect(await typesIn('o2')).toEqual(['OrderSubmitted']);
  });

  it('names all SKUs where the number was not what was refused', async () => {
    await submit('o1');
    const restricted = {
      type: 'StockAllocationDeclined' as const,
      data: { orderId: 'o1', channel: 'web', requested: 3, available: 9 },
    };
    await decline.react(await answered([{ sku: 'CUP', ...restricted }]));
    expect((await eventsOf('o1'))[1]?.data).toMatchObject({ short: [{ sku: 'CUP', requested: 3, available: 9 }] });
  });

  it('refuses the opposite of what was decided, so that somebody looks', async () => {
    await submit('o1');
    await place.react(await allocated('o1'));
    await expect(decline.react(await declined('o1'))).rejects.toMatchObject({ code: 'allocation-contradicts-order' });
    expect(await typesIn('o1')).toEqual(['OrderSubmitted', 'OrderPlaced']);
  });
});

describe('waiting for a decision', () => {
  let decisions: OrderDecisions;

  beforeEach(() => {
    decisions = new OrderDecisions(store);
  });

  it.each([
    ['placed', async () => place.react(await allocated('o1')), { status: 'placed' }],
    [
      'declined',
      async () => decline.react(await declined('o1')),
      { status: 'declined', short: [{ sku: 'MUG', requested: 3, available: 1 }] },
    ],
  ])('is over when the order is %s', async (_, decide, decision) => {
    const stop = new AbortController();
    const listening = decisions.listen(stop.signal);
    await submit('o1');
    const waiting = decisions.waitFor('o1', 60_000);
    await decide();
    expect(await waiting).toEqual(decision);
    stop.abort();
    await listening;
  });

  it('finds in the log what it did not hear', async () => {
    await submit('o1');
    await place.react(await allocated('o1'));
    expect(await decisions.waitFor('o1', 1)).toEqual({ status: 'placed' });
  });

  it('ends without an answer when there is none', async () => {
    await submit('o1');
    expect(await decisions.waitFor('o1', 1)).toBeUndefined();
  });
});
