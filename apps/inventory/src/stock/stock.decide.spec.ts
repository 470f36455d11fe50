import { describe, expect, it } from '@jest/globals';
import type { StockEvent } from '#contracts';
import { specify } from '#testing';
import type { ChannelPolicy } from '../supply/channel-terms.js';
import { stockDecider } from './stock.decider.js';

const shop: ChannelPolicy = { channel: 'shop', supply: ['main', 'store'], buffer: 0, sharePercent: 100 };
const { given } = specify(stockDecider);

const received = (units: number, locationId = 'main'): StockEvent => ({
  type: 'StockReceived',
  data: { locationId, units },
});
const reserved = (reservationId: string, units: number, dueAt = '1970-01-01T00:01:00.000Z'): StockEvent => ({
  type: 'StockReserved',
  data: { reservationId, channel: 'shop', units, from: [{ locationId: 'main', units }], dueAt },
});
const allocated = (
  orderId: string,
  units: number,
  as: 'fact' | 'request' = 'fact',
  locationId = 'main',
): StockEvent => ({
  type: 'StockAllocated',
  data: { orderId, lineId: '1', channel: 'shop', as, from: [{ locationId, units }] },
});
const counted = (onHand: number, locationId: string): StockEvent => ({
  type: 'StockCounted',
  data: { locationId, counted: onHand, asOfRevision: 1, onHand },
});
const cancelled = (units: number, locationId: string): StockEvent => ({
  type: 'StockAllocationCancelled',
  data: { orderId: 'shop.1', lineId: '1', channel: 'shop', from: [{ locationId, units }] },
});
const reserve = (reservationId: string, units: number, policy = shop) =>
  ({ type: 'ReserveStock', reservationId, units, ttlSeconds: 60, policy }) as const;
const confirm = { type: 'ConfirmReservation', reservationId: 'r1', orderId: 'o1', lineId: '1', policy: shop } as const;
const sale = (orderId: string, units: number) =>
  ({ type: 'AllocateLines', as: 'fact', orderId, lines: [{ lineId: '1', units }], policy: shop }) as const;

describe('reserving', () => {
  it('holds units until the due time', () => given(received(3)).when(reserve('r1', 2)).thenEvents(reserved('r1', 2)));

  it('declines when one unit is short, and says what is left', () =>
    given(received(3)).when(reserve('r1', 4)).thenRejected('insufficient-stock', { requested: 4, available: 3 }));

  it('counts what others hold as taken', () =>
    given(received(3), reserved('r0', 2))
      .when(reserve('r1', 2))
      .thenRejected('insufficient-stock', { requested: 2, available: 1 }));

  it('refuses a SKU that never had stock', () => given().when(reserve('r1', 1)).thenRejected('unknown-sku'));

  it('changes nothing when repeated', () => given(received(3), reserved('r1', 2)).when(reserve('r1', 2)).thenEvents());

  it('changes nothing when repeated after its end', () =>
    given(received(3), reserved('r1', 2), {
      type: 'StockReservationReleased',
      data: { reservationId: 'r1', channel: 'shop', from: [{ locationId: 'main', units: 2 }] },
    })
      .when(reserve('r1', 2))
      .thenEvents());

  it('refuses the same id with other content', () =>
    given(received(3), reserved('r1', 2)).when(reserve('r1', 1)).thenRejected('reservation-id-reused'));

  it('prefers one location that has all units over a split', () =>
    given(received(1), received(2, 'store'))
      .when(reserve('r1', 2))
      .thenEvents({
        type: 'StockReserved',
        data: {
          reservationId: 'r1',
          channel: 'shop',
          units: 2,
          from: [{ locationId: 'store', units: 2 }],
          dueAt: '1970-01-01T00:01:00.000Z',
        },
      }));

  it('splits in the order of the supply map where no location has all', () =>
    given(received(1), received(2, 'store'))
      .when(reserve('r1', 3))
      .thenEvents({
        type: 'StockReserved',
        data: {
          reservationId: 'r1',
          channel: 'shop',
          units: 3,
          from: [
            { locationId: 'main', units: 1 },
            { locationId: 'store', units: 2 },
          ],
          dueAt: '1970-01-01T00:01:00.000Z',
        },
      }));

  it('records holds that ran out before it decides', () =>
    given(received(2), reserved('r0', 2))
      .when(reserve('r1', 2), 60_000)
      .thenEvents(
        {
          type: 'StockReservationExpired',
          data: {
            reservationId: 'r0',
            channel: 'shop',
            from: [{ locationId: 'main', units: 2 }],
            dueAt: '1970-01-01T00:01:00.000Z',
          },
        },
        reserved('r1', 2, '1970-01-01T00:02:00.000Z'),
      ));
});

describe('channel rules', () => {
  it.each([
    ['a buffer is withheld', { buffer: 2 }, 8],
    ['a cap is never exceeded', { cap: 3 }, 3],
    ['a share is rounded down', { sharePercent: 33 }, 3],
    ['a restriction hides everything', { restriction: 'no blades' }, 0],
    ['a quota of its own takes nothing away', { quota: 4 }, 10],
  ])('%s', (_, rule, available) => {
    const history: StockEvent[] = [received(10), { type: 'ChannelRuleSet', data: { channel: 'shop', ...rule } }];
    given(...history)
      .when(reserve('r1', available + 1))
      .thenRejected('restriction' in rule ? 'restricted' : 'insufficient-stock');
    if (available > 0)
      given(...history)
        .when(reserve('r1', available))
        .thenEvents(reserved('r1', available));
  });

  it('hides the unused quota of one channel from the others', () => {
    const quota: StockEvent = { type: 'ChannelRuleSet', data: { channel: 'amazon', quota: 4 } };
    given(received(10), quota)
      .when(reserve('r1', 7))
      .thenRejected('insufficient-stock', { requested: 7, available: 6 });
    const used: StockEvent = {
      type: 'StockAllocated',
      data: { orderId: 'a', lineId: '1', channel: 'amazon', as: 'fact', from: [{ locationId: 'main', units: 3 }] },
    };
    given(received(10), quota, used).when(reserve('r1', 6)).thenEvents(reserved('r1', 6));
  });

  it('keeps safety stock per location', () =>
    given(received(1), received(5, 'store'), { type: 'SafetyStockSet', data: { locationId: 'main', units: 3 } })
      .when(reserve('r1', 6))
      .thenRejected('insufficient-stock', { requested: 6, available: 5 }));

  it('changes nothing when the rule is the same', () =>
    given({ type: 'ChannelRuleSet', data: { channel: 'shop', buffer: 2 } })
      .when({ type: 'SetChannelRule', channel: 'shop', buffer: 2 })
      .thenEvents());
});

describe('units that were sold and are missing', () => {
  const amazon = { ...shop, channel: 'amazon' };
  const bound = (units: number, locationId: string, channel = 'shop'): StockEvent => ({
    type: 'StockAllocated',
    data: { orderId: `${channel}.1`, lineId: '1', channel, as: 'fact', from: [{ locationId, units }] },
  });

  it.each([
    ['are not sold again where they arrive at another location', [bound(5, 'main'), received(5, 'store')], shop, 0],
    ['leave what arrives above them', [bound(5, 'main'), received(8, 'store')], shop, 3],
    ['count although they were sold before any location was open', [bound(1, 'unassigned'), received(10)], shop, 9],
    ['count against every channel with the same supply', [bound(5, 'main'), received(5, 'store')], amazon, 0],
    [
      'count against a channel that has only the location where they arrived',
      [bound(5, 'main'), received(5, 'store')],
      { ...amazon, supply: ['store'] },
      0,
    ],
    [
      'leave a channel alone that shares no location with theirs',
      [bound(5, 'main'), received(5, 'store')],
      { ...amazon, supply: ['store'], sharedWith: { shop: [] } },
      5,
    ],
    [
      'take from a channel at most what the shared location holds',
      [bound(5, 'store', 'till'), received(9), received(2, 'store')],
      { ...shop, sharedWith: { till: ['store'] } },
      9,
    ],
    [
      'count within reach where the shelf lost them and it is not known whose they are',
      [received(5), bound(5, 'main'), counted(2, 'main'), received(5, 'store')],
      { ...amazon, supply: ['store'], reach: ['main', 'store'] },
      2,
    ],
    ['stop to count once they are cancelled', [bound(5, 'main'), received(5, 'store'), cancelled(5, 'main')], shop, 5],
    ['stop to count once they arrive', [bound(5, 'main'), received(3, 'store'), received(5)], shop, 3],
  ] as [string, StockEvent[], ChannelPolicy, number][])('%s', (_, history, policy, available) => {
    given(...history)
      .when(reserve('r1', available + 1, policy))
      .thenRejected('insufficient-stock', { requested: available + 1, available });
  });
});

describe('confirming and releasing', () => {
  const expired: StockEvent = {
    type: 'StockReservationExpired',
    data: {
      reservationId: 'r1',
      channel: 'shop',
      from: [{ locationId: 'main', units: 2 }],
      dueAt: '1970-01-01T00:01:00.000Z',
    },
  };
  const confirmed: StockEvent = {
    type: 'StockReservationConfirmed',
    data: {
      reservationId: 'r1',
      channel: 'shop',
      orderId: 'o1',
      lineId: '1',
      from: [{ locationId: 'main', units: 2 }],
    },
  };

  it('turns the hold into an allocation', () =>
    given(received(2), reserved('r1', 2)).when(confirm).thenEvents(confirmed));
  it('confirms once', () => given(received(2), reserved('r1', 2), confirmed).when(confirm).thenEvents());
  it('does not confirm for a second order', () =>
    given(received(2), reserved('r1', 2), confirmed)
      .when({ ...confirm, orderId: 'o2' })
      .thenRejected('reservation-id-reused'));
  it('decides a late confirm afresh', () =>
    given(received(2), reserved('r1', 2))
      .when(confirm, 60_000)
      .thenEvents(expired, {
        type: 'StockAllocated',
        data: {
          orderId: 'o1',
          lineId: '1',
          channel: 'shop',
          as: 'request',
          from: [{ locationId: 'main', units: 2 }],
          reservationId: 'r1',
        },
      }));
  it('refuses a late confirm when the units went elsewhere', () =>
    given(received(2), reserved('r1', 2), expired, allocated('o9', 1))
      .when(confirm)
      .thenRejected('insufficient-stock'));
  it('refuses a confirm whose units a fact has taken', () =>
    given(received(2), reserved('r1', 2), allocated('o9', 1)).when(confirm).thenRejected('reservation-overtaken'));
  it('knows no reservation that never was', () => given(received(2)).when(confirm).thenRejected('unknown-reservation'));
  it('releases once', () => {
    const released: StockEvent = {
      type: 'StockReservationReleased',
      data: { reservationId: 'r1', channel: 'shop', from: [{ locationId: 'main', units: 2 }] },
    };
    given(received(2), reserved('r1', 2))
      .when({ type: 'ReleaseReservation', reservationId: 'r1' })
      .thenEvents(released);
    given(received(2), reserved('r1', 2), released)
      .when({ type: 'ReleaseReservation', reservationId: 'r1' })
      .thenEvents();
    given(received(2), reserved('r1', 2), released).when(confirm).thenRejected('reservation-released');
  });
  it('does not release what became an order line', () =>
    given(received(2), reserved('r1', 2), confirmed)
      .when({ type: 'ReleaseReservation', reservationId: 'r1' })
      .thenRejected('reservation-confirmed'));
});

describe('sales that have happened', () => {
  const shortage = (units: number, type: 'ShortageOpened' | 'ShortageChanged' = 'ShortageOpened'): StockEvent => ({
    type,
    data: { locationId: 'main', units },
  });
  const resolved: StockEvent = { type: 'ShortageResolved', data: { locationId: 'main' } };

  it('are recorded beyond the stock and open a shortage', () =>
    given(received(2)).when(sale('o1', 3)).thenEvents(allocated('o1', 3), shortage(1)));
  it('are recorded for an unknown SKU', () => given().when(sale('o1', 1)).thenEvents(allocated('o1', 1), shortage(1)));
  it('are booked nowhere in particular when no location supplies the channel', () =>
    given()
      .when({ ...sale('o1', 1), policy: { ...shop, supply: [] } })
      .thenEvents(allocated('o1', 1, 'fact', 'unassigned'), {
        type: 'ShortageOpened',
        data: { locationId: 'unassigned', units: 1 },
      }));
  it('ignore buffers, caps and safety', () =>
    given(received(2), { type: 'ChannelRuleSet', data: { channel: 'shop', buffer: 2 } })
      .when(sale('o1', 2))
      .thenEvents(allocated('o1', 2)));
  it('take free units before held ones, and held ones before none', () =>
    given(received(2), reserved('r1', 2), received(1, 'store'))
      .when(sale('o1', 2))
      .thenEvents({
        type: 'StockAllocated',
        data: {
          orderId: 'o1',
          lineId: '1',
          channel: 'shop',
          as: 'fact',
          from: [
            { locationId: 'store', units: 1 },
            { locationId: 'main', units: 1 },
          ],
        },
      }));
  it('change the shortage with what comes and goes', () => {
    const short = [received(2), allocated('o1', 5), shortage(3)];
    given(...short)
      .when(sale('o2', 1))
      .thenEvents(allocated('o2', 1), shortage(4, 'ShortageChanged'));
    given(...short)
      .when({ type: 'ReceiveStock', locationId: 'main', units: 2 })
      .thenEvents(received(2), shortage(1, 'ShortageChanged'));
    given(...short)
      .when({ type: 'ReceiveStock', locationId: 'main', units: 3 })
      .thenEvents(received(3), resolved);
    given(...short)
      .when({ type: 'CancelAllocation', orderId: 'o1', lines: [{ lineId: '1', units: 5 }] })
      .thenEvents(
        {
          type: 'StockAllocationCancelled',
          data: { orderId: 'o1', lineId: '1', channel: 'shop', from: [{ locationId: 'main', units: 5 }] },
        },
        resolved,
      );
  });
});

describe('shipping', () => {
  const shipped = (units: number, locationId = 'main'): StockEvent => ({
    type: 'StockShipped',
    data: { orderId: 'o1', lineId: '1', locationId, units },
  });
  const ship = (units: number, locationId?: string) =>
    ({ type: 'ShipStock', orderId: 'o1', channel: 'shop', lines: [{ lineId: '1', units }], locationId }) as const;

  it('takes allocated units off the shelf', () =>
    given(received(3), allocated('o1', 2)).when(ship(2)).thenEvents(shipped(2)));
  it('moves the allocation to where the parcel left', () =>
    given(received(3), received(3, 'store'), allocated('o1', 2))
      .when(ship(2, 'store'))
      .thenEvents(
        {
          type: 'StockAllocationCancelled',
          data: { orderId: 'o1', lineId: '1', channel: 'shop', from: [{ locationId: 'main', units: 2 }] },
        },
        allocated('o1', 2, 'fact', 'store'),
        shipped(2, 'store'),
      ));
  it('finds units the books did not have', () =>
    given(received(1), allocated('o1', 2), { type: 'ShortageOpened', data: { locationId: 'main', units: 1 } })
      .when(ship(2))
      .thenEvents(
        {
          type: 'StockAdjusted',
          data: { locationId: 'main', onHand: 1, unavailable: 0, reason: 'shipped more than was on the books' },
        },
        shipped(2),
        { type: 'ShortageResolved', data: { locationId: 'main' } },
      ));
});

describe('counting', () => {
  const counted = (units: number, asOfRevision: number, onHand: number): StockEvent => ({
    type: 'StockCounted',
    data: { locationId: 'main', counted: units, asOfRevision, onHand },
  });
  const count = (units: number, asOfRevision?: number) =>
    ({ type: 'CountStock', locationId: 'main', counted: units, asOfRevision }) as const;

  it('replaces what is on hand and leaves allocations', () =>
    given(received(5), allocated('o1', 2))
      .when(count(7))
      .thenEvents(counted(7, 1, 7)));
  it('keeps what moved after the counter looked', () =>
    given(received(5), received(4))
      .when(count(3, 0))
      .thenEvents(counted(3, 0, 7)));
  it('opens a shortage when the shelf holds less than is bound', () =>
    given(received(5), allocated('o1', 4))
      .when(count(1))
      .thenEvents(counted(1, 1, 1), {
        type: 'ShortageOpened',
        data: { locationId: 'main', units: 3 },
      }));
  it('refuses a count older than the last', () =>
    given(received(5), received(1), counted(5, 1, 5))
      .when(count(3, 0))
      .thenRejected('count-outdated'));
  it('refuses a count from the future', () =>
    given(received(5)).when(count(3, 9)).thenRejected('count-from-the-future'));
});

describe('adjusting and returning', () => {
  it('refuses to go below zero, and says what is there', () =>
    given(received(2))
      .when({ type: 'AdjustStock', locationId: 'main', onHand: -3, unavailable: 0, reason: 'theft' })
      .thenRejected('adjustment-below-zero', { locationId: 'main', onHand: 2, unavailable: 0 }));
  it('keeps damaged returns off sale', () => {
    const returned: StockEvent = {
      type: 'StockReturned',
      data: { returnId: 'x', locationId: 'main', units: 1, condition: 'damaged' },
    };
    given(received(1))
      .when({ type: 'ReturnStock', ...returned.data } as never)
      .thenEvents(returned);
    given(received(1), returned)
      .when(reserve('r1', 2))
      .thenRejected('insufficient-stock', { requested: 2, available: 1 });
  });
});

describe('a snapshot', () => {
  it('reads back as the state it was written from', () => {
    const events = [received(5), reserved('r1', 2), allocated('o1', 1), reserved('r2', 1)];
    const state = events.reduce(stockDecider.evolve, stockDecider.initialState());
    const json = JSON.parse(JSON.stringify(stockDecider.snapshot?.write(state)));
    const restored = stockDecider.snapshot?.read(json);
    expect({ ...restored, due: restored?.due.data }).toEqual({ ...state, due: state.due.data });
    expect(restored?.due.peek()?.reservationId).toBe('r1');
  });
});
