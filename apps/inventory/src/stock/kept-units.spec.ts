import { describe, expect, it } from '@jest/globals';
import type { StockEvent } from '#contracts';
import { Rejected } from '#kernel';
import { specify } from '#testing';
import type { ChannelPolicy } from '../supply/channel-terms.js';
import { availableToSell } from './available-to-sell.js';
import type { StockCommand } from './stock.decide.js';
import { stockDecider } from './stock.decider.js';
import { MAX_ENDED_HOLDS, type Stock } from './stock.js';

const shop: ChannelPolicy = { channel: 'shop', supply: ['main', 'store'], buffer: 0, sharePercent: 100 };
const others: ChannelPolicy = { ...shop, channel: 'others' };
const { given } = specify(stockDecider);

const at = (units: number, locationId = 'main') => [{ locationId, units }];
const received = (units: number, locationId = 'main'): StockEvent => ({
  type: 'StockReceived',
  data: { locationId, units },
});
const held = (reservationId: string, units: number, channel = 'shop'): StockEvent => ({
  type: 'StockReserved',
  data: { reservationId, channel, units, from: at(units), dueAt: '1970-01-01T00:01:00.000Z' },
});
const confirmed = (orderId: string, units: number, lineId = '1'): StockEvent => ({
  type: 'StockReservationConfirmed',
  data: { reservationId: 'cart', channel: 'shop', orderId, lineId, from: at(units) },
});
const allocated = (orderId: string, units: number, as: 'fact' | 'request', lineId = '1'): StockEvent => ({
  type: 'StockAllocated',
  data: { orderId, lineId, channel: 'shop', as, from: at(units) },
});
const cancelled = (orderId: string, units: number, lineId = '1'): StockEvent => ({
  type: 'StockAllocationCancelled',
  data: { orderId, lineId, channel: 'shop', from: at(units) },
});
const released = (units: number, orderId?: string): StockEvent => ({
  type: 'StockReservationReleased',
  data: { reservationId: 'cart', channel: 'shop', from: at(units), ...(orderId !== undefined && { orderId }) },
});
const order = (units: number, reservationId: string | undefined = 'cart') =>
  ({
    type: 'AllocateLines',
    as: 'request',
    orderId: 'own',
    lines: [{ lineId: '1', units, reservationId }],
    policy: shop,
  }) as const;
const sale = (units: number, orderId = 'shop.1001') =>
  ({ type: 'AllocateLines', as: 'fact', orderId, lines: [{ lineId: 'x', units }], policy: shop }) as const;
const confirm = (orderId: string) =>
  ({ type: 'ConfirmReservation', reservationId: 'cart', orderId, lineId: '1', policy: shop }) as const;

describe('an order that names the reservation of its cart', () => {
  it('has the last units, which the reservation held', () =>
    given(received(2), held('cart', 2))
      .when(order(2))
      .thenEvents(released(2, 'own'), allocated('own', 2, 'request')));

  it('takes the rest from what is free', () =>
    given(received(3), held('cart', 2))
      .when(order(3))
      .thenEvents(released(2, 'own'), allocated('own', 3, 'request')));

  it('is refused with what it could have when the rest is not there', () =>
    given(received(3), held('cart', 2))
      .when(order(4))
      .thenRejected('insufficient-stock', { requested: 4, available: 3 }));

  it('leaves what it does not ask for to others', () =>
    given(received(2), held('cart', 2))
      .when(order(1))
      .thenEvents(released(2, 'own'), allocated('own', 1, 'request')));

  it('may name it on several of its lines', () =>
    given(received(3), held('cart', 3))
      .when({ ...order(1), lines: [1, 2].map((units) => ({ lineId: String(units), units, reservationId: 'cart' })) })
      .thenEvents(released(3, 'own'), allocated('own', 1, 'request'), allocated('own', 2, 'request', '2')));

  it('has them although safety stock was raised meanwhile', () =>
    given(received(2), held('cart', 2), { type: 'SafetyStockSet', data: { locationId: 'main', units: 5 } })
      .when(order(2))
      .thenEvents(released(2, 'own'), allocated('own', 2, 'request')));

  it.each([
    ['that ran out', [held('cart', 2)], 60_000],
    ['that was released', [held('cart', 2), released(2)], 0],
  ] as [string, StockEvent[], number][])('is decided afresh on one %s', (_, history, now) => {
    const { events } = decided([received(2), ...history], order(2), now);
    expect(events.at(-1)).toEqual(allocated('own', 2, 'request'));
    given(received(2), ...history, allocated('other', 1, 'fact'))
      .when(order(2), now)
      .thenRejected('insufficient-stock', { requested: 2, available: 1 });
  });

  it('is decided afresh on one whose units a sale took that had happened already', () =>
    given(received(2), held('cart', 2), allocated('other', 1, 'fact'))
      .when(order(2))
      .thenRejected('insufficient-stock', { requested: 2, available: 1 }));

  it.each([
    ['of another SKU', 'unknown-reservation', []],
    ['of another channel', 'reservation-of-another-channel', [held('cart', 1, 'others')]],
    ['of another order', 'reservation-confirmed', [held('cart', 1), confirmed('another', 1)]],
  ] as [string, string, StockEvent[]][])('is refused clearly when it is %s', (_, code, history) => {
    given(received(9), ...history)
      .when(order(1))
      .thenRejected(code, { reservationId: 'cart' });
    const decline = { type: 'DeclineAllocation', orderId: 'own', lines: order(1).lines, policy: shop } as const;
    const { events } = decided([received(9), ...history], decline);
    expect(events).toMatchObject([{ data: { requested: 1, reason: code, reservationId: 'cart' } }]);
  });

  it('is decided afresh on one that may have ended so long ago that it is forgotten', () => {
    const ended = Array.from({ length: MAX_ENDED_HOLDS }, (_, index): StockEvent[] => [
      { ...held(`r${index}`, 1), type: 'StockReserved' } as StockEvent,
      { type: 'StockReservationReleased', data: { reservationId: `r${index}`, channel: 'shop', from: at(1) } },
    ]).flat();
    given(received(9), ...ended)
      .when(order(1))
      .thenEvents(allocated('own', 1, 'request'));
  });
});

describe('a sale whose units a confirmed reservation has bound already', () => {
  it.each([
    ['by its number', '1001'],
    ['by the id of the order', 'shop.1001'],
  ])('is bound once, %s, whatever line was named', (_, orderId) =>
    given(received(2), held('cart', 2), confirmed(orderId, 2, 'L-7'))
      .when(sale(2))
      .thenEvents(cancelled(orderId, 2, 'L-7'), allocated('shop.1001', 2, 'fact', 'x')),
  );

  it('knows numbers that an id of an order holds percent-encoded', () =>
    given(received(2), held('cart', 2), confirmed('A/1 ü', 2))
      .when(sale(2, `shop.${encodeURIComponent('A/1 ü')}`))
      .thenEvents(cancelled('A/1 ü', 2), allocated('shop.A%2F1%20%C3%BC', 2, 'fact', 'x')));

  it('gets what more it sold, and gives back what it did not sell', () => {
    const history = [received(5), held('cart', 2), confirmed('1001', 2)];
    given(...history)
      .when(sale(3))
      .thenEvents(cancelled('1001', 2), allocated('shop.1001', 3, 'fact', 'x'));
    given(...history)
      .when(sale(1))
      .thenEvents(cancelled('1001', 2), allocated('shop.1001', 1, 'fact', 'x'));
  });

  it('is found where the reservation had run out before it was confirmed', () => {
    const { state } = decided([received(2), held('cart', 2)], confirm('1001'), 60_000);
    const { events } = next(state, sale(2));
    expect(events).toEqual([cancelled('1001', 2), allocated('shop.1001', 2, 'fact', 'x')]);
  });

  it('leaves the order of the same number on another channel alone', () =>
    given(received(4), held('cart', 2), confirmed('1001', 2))
      .when({ ...sale(2, 'others.1001'), policy: others })
      .thenEvents({
        type: 'StockAllocated',
        data: { orderId: 'others.1001', lineId: 'x', channel: 'others', as: 'fact', from: at(2) },
      }));

  it('gives the reservation back that is confirmed after the sale', () => {
    const history = [received(4), held('cart', 2), allocated('shop.1001', 2, 'fact', 'x')];
    given(...history)
      .when(confirm('1001'))
      .thenEvents(released(2, 'shop.1001'.slice(5)));
    given(...history, released(2, '1001'))
      .when(confirm('1001'))
      .thenEvents();
  });
});

describe('the quota of a channel', () => {
  const quota = (units: number): StockEvent => ({ type: 'ChannelRuleSet', data: { channel: 'shop', quota: units } });
  const cancel = { type: 'CancelAllocation', orderId: 'old', lines: [{ lineId: '1', units: 5 }] } as const;
  const leftFor = ({ figures }: Stock) => availableToSell(figures, others);

  it('does not come back for an order that is older', () => {
    const history = [received(100), allocated('old', 5, 'fact'), quota(10), allocated('new', 4, 'fact')];
    const { state, events } = decided(history, cancel);
    expect(events).toEqual([{ ...cancelled('old', 5), data: { ...cancelled('old', 5).data, beforeQuota: 5 } }]);
    expect(leftFor(state)).toBe(90);
  });

  it('comes back for one that is younger', () => {
    const { state } = decided([received(100), quota(10), allocated('old', 5, 'fact')], cancel);
    expect(leftFor(state)).toBe(90);
  });

  it('comes back for what an older order took last', () => {
    const history = [received(100), allocated('old', 4, 'fact'), quota(10), allocated('old', 3, 'fact')];
    const { state } = decided(history, cancel);
    expect(leftFor(state)).toBe(88);
  });

  it.each([
    ['is released', { type: 'ReleaseReservation', reservationId: 'cart' } as const, 0],
    ['runs out', { type: 'ExpireReservations' } as const, 60_000],
  ])('does not come back for an older reservation that %s', (_, command, now) => {
    const history = [received(100), held('cart', 5), quota(10), allocated('new', 4, 'fact')];
    expect(leftFor(decided(history, command, now).state)).toBe(90);
  });

  it('does not come back for an older reservation that became an order', () => {
    const history = [received(100), held('cart', 5), quota(10), confirmed('old', 5), allocated('new', 4, 'fact')];
    expect(leftFor(decided(history, cancel).state)).toBe(90);
    const { state } = decided([received(100), held('cart', 5), quota(10), allocated('new', 4, 'fact')], order(5));
    expect(leftFor(state)).toBe(85);
    expect(leftFor(next(state, { ...cancel, orderId: 'own' }).state)).toBe(90);
  });

  it('stays as it is when a parcel leaves from another location', () => {
    const history = [received(100), received(9, 'store'), allocated('old', 5, 'fact'), quota(10)];
    const ship = { type: 'ShipStock', orderId: 'old', channel: 'shop', lines: cancel.lines } as const;
    expect(leftFor(decided(history, { ...ship, locationId: 'store' }).state)).toBe(94);
  });
});

describe('a parcel', () => {
  const ship = (units: number) =>
    ({
      type: 'ShipStock',
      orderId: 'o1',
      channel: 'shop',
      lines: [{ lineId: '1', units }],
      supply: shop.supply,
    }) as const;
  const onHand = ({ figures }: Stock) =>
    Object.fromEntries(Object.entries(figures.levels).map(([locationId, level]) => [locationId, level.onHand]));

  it('of an order that was cancelled takes its unit off the shelf', () => {
    const { state } = decided([received(1), allocated('o1', 1, 'fact'), cancelled('o1', 1)], ship(1));
    expect([onHand(state), availableToSell(state.figures, shop)]).toEqual([{ main: 0 }, 0]);
  });

  it('of an order that was cancelled leaves a shortage where its unit was sold again', () => {
    const history = [received(1), allocated('o1', 1, 'fact'), cancelled('o1', 1), allocated('o2', 1, 'fact')];
    const { state, events } = decided(history, ship(1));
    expect(onHand(state)).toEqual({ main: 0 });
    expect(events.at(-1)).toEqual({ type: 'ShortageOpened', data: { locationId: 'main', units: 1 } });
  });

  it('of units that no shelf holds finds them first', () => {
    const { state, events } = decided([allocated('o1', 1, 'fact')], ship(1));
    expect(onHand(state)).toEqual({ main: 0 });
    expect(events.map(({ type }) => type)).toContain('StockAdjusted');
  });

  it('leaves from where its missing units arrived', () => {
    const { state } = decided([allocated('o1', 5, 'fact'), received(5, 'store')], ship(5));
    expect(onHand(state)).toEqual({ main: 0, store: 0 });
    expect(availableToSell(state.figures, shop)).toBe(0);
  });

  it('leaves the unit of another order where its own is missing', () => {
    const others: StockEvent = {
      type: 'StockAllocated',
      data: { orderId: 'o2', lineId: '1', channel: 'shop', as: 'fact', from: at(1, 'store') },
    };
    const { state } = decided([allocated('o1', 1, 'fact'), received(1, 'store'), others], ship(1));
    expect(onHand(state)).toEqual({ main: 0, store: 1 });
  });
});

/** The events of a decision, and the state once they are stored. */
function decided(history: readonly StockEvent[], command: StockCommand, now = 0) {
  const state = history.reduce((folded, event) => stockDecider.evolve(folded, event), stockDecider.initialState());
  return next(state, command, now);
}

function next(before: Stock, command: StockCommand, now = 0): { events: StockEvent[]; state: Stock } {
  const evolve = (state: Stock, event: StockEvent) => stockDecider.evolve(state, event);
  const elapsed = stockDecider.elapse?.(before, now) ?? [];
  const state = elapsed.reduce(evolve, before);
  const answer = stockDecider.decide(command, state, { now });
  if (answer instanceof Rejected) throw answer;
  return { events: [...elapsed, ...answer], state: answer.reduce(evolve, state) };
}
