import { describe, expect, it } from '@jest/globals';
import type { OrderEvent, OrderLine } from '#contracts';
import { Rejected } from '#kernel';
import type { CancelLines, ReturnLines, ShipLines } from './fulfilment.decide.js';
import { decide, type OrderCommand } from './order.decide.js';
import { evolve, initialOrder } from './order.js';
import type { RecordSale } from './sales.decide.js';

const ID = 'etsy.7';
const placedAt = '2026-03-01T10:00:00.000Z';
const line = (lineId: string, sku: string, units: number, unitPriceMinor = 500): OrderLine => ({
  lineId,
  sku,
  units,
  unitPriceMinor,
});
const two = [line('1', 'MUG', 5), line('2', 'CUP', 3)];

const sale = (changes: Partial<RecordSale> = {}): RecordSale => ({
  type: 'RecordSale',
  orderId: ID,
  channel: 'etsy',
  externalOrderId: '7',
  externalRevision: 1,
  currency: 'EUR',
  lines: two,
  buyer: {},
  placedAt,
  cancelled: false,
  ...changes,
});
const cancel = (lines: CancelLines['lines']): CancelLines => ({
  type: 'CancelLines',
  orderId: ID,
  lines,
  reason: 'customer-request',
});
const ship = (shipmentId: string, lines: ShipLines['lines']): ShipLines => ({
  type: 'ShipLines',
  orderId: ID,
  shipmentId,
  lines,
});
const giveBack = (returnId: string, lines: ReturnLines['lines'], locationId = 'main'): ReturnLines => ({
  type: 'ReturnLines',
  orderId: ID,
  returnId,
  locationId,
  condition: 'available',
  lines,
});
const submit = {
  type: 'SubmitOrder' as const,
  orderId: ID,
  channel: 'web',
  currency: 'EUR',
  lines: two,
  buyer: {},
  placedAt,
};
const place = { type: 'PlaceOrder' as const, orderId: ID, allocated: 'MUG' };
const decline = { type: 'DeclineOrder' as const, orderId: ID, short: [{ sku: 'MUG', requested: 5, available: 2 }] };

/** What came of the commands before, all of which must have been accepted. */
function given(...commands: readonly OrderCommand[]) {
  let order = initialOrder();
  for (const command of commands) {
    const events = decide(command, order);
    if (events instanceof Rejected) throw events;
    order = events.reduce<typeof order>(evolve, order);
  }
  return { when: (command: OrderCommand) => decide(command, order) };
}

const amended = (lines: OrderLine[], changes: object[], rest: object = {}, externalRevision = 2): OrderEvent[] => [
  {
    type: 'SaleAmended',
    data: { orderId: ID, channel: 'etsy', externalRevision, lines, changes: changes as never, ...rest },
  },
];
const TWO_MUGS_LEFT = { leftAnyway: [{ lineId: '1', sku: 'MUG', units: 2 }] };
const changed = (lineId: string, sku: string, unitsBefore: number, unitsAfter: number) => ({
  lineId,
  sku,
  unitsBefore,
  unitsAfter,
});
const cancelledByChannel = (...lines: [string, string, number][]): OrderEvent => ({
  type: 'OrderLinesCancelled',
  data: {
    orderId: ID,
    channel: 'etsy',
    lines: lines.map(([lineId, sku, units]) => ({ lineId, sku, units })),
    reason: 'cancelled-by-channel',
  },
});

const cancellation: OrderEvent = {
  type: 'SaleAmended',
  data: { orderId: ID, channel: 'etsy', externalRevision: 2, lines: two, changes: [], cancelled: true },
};

describe('RecordSale', () => {
  it('records an unknown sale', () => {
    expect(given().when(sale())).toEqual([
      {
        type: 'SaleRecorded',
        data: {
          orderId: ID,
          channel: 'etsy',
          externalOrderId: '7',
          externalRevision: 1,
          currency: 'EUR',
          lines: two,
          buyer: {},
          placedAt,
        },
      },
    ]);
  });

  it('records the same revision from another message as a duplicate', () => {
    expect(given(sale()).when(sale())).toEqual([
      { type: 'SaleDuplicateReceived', data: { orderId: ID, externalRevision: 1 } },
    ]);
  });

  it('records an older revision and does not apply it', () => {
    const late = sale({ externalRevision: 0, lines: [line('1', 'MUG', 99)] });
    expect(given(sale()).when(late)).toEqual([
      { type: 'SaleOutdatedReceived', data: { orderId: ID, externalRevision: 0, currentRevision: 1 } },
    ]);
  });

  it.each([
    ['grows', [line('1', 'MUG', 6), line('2', 'CUP', 3)], [changed('1', 'MUG', 5, 6)]],
    ['shrinks', [line('1', 'MUG', 4), line('2', 'CUP', 3)], [changed('1', 'MUG', 5, 4)]],
    ['vanishes', [line('2', 'CUP', 3)], [changed('1', 'MUG', 5, 0)]],
    ['appears', [...two, line('3', 'POT', 1)], [changed('3', 'POT', 0, 1)]],
    ['changes its price', [line('1', 'MUG', 5, 450), line('2', 'CUP', 3)], []],
  ])('amends when a line %s', (_, lines, changes) => {
    expect(given(sale()).when(sale({ externalRevision: 2, lines }))).toEqual(amended(lines, changes));
  });

  it('replaces the SKU of a line of which nothing has left', () => {
    const lines = [line('1', 'JUG', 5), line('2', 'CUP', 3)];
    const expected = amended(
      [line('2', 'CUP', 3), line('1', 'JUG', 5)],
      [changed('1', 'MUG', 5, 0), changed('1', 'JUG', 0, 5)],
    );
    expect(given(sale()).when(sale({ externalRevision: 2, lines }))).toEqual(expected);
  });

  it('keeps what has left of a SKU that a revision takes off its line', () => {
    const lines = [line('1', 'JUG', 5), line('2', 'CUP', 3)];
    const expected = amended(
      [line('1', 'MUG', 2), line('2', 'CUP', 3), line('1', 'JUG', 5)],
      [changed('1', 'MUG', 5, 2), changed('1', 'JUG', 0, 5)],
      TWO_MUGS_LEFT,
    );
    expect(given(sale(), ship('S', [{ lineId: '1', units: 2 }])).when(sale({ externalRevision: 2, lines }))).toEqual(
      expected,
    );
  });

  it('never amends below what has left or was cancelled', () => {
    const before = given(sale(), ship('S', [{ lineId: '1', units: 2 }]), cancel([{ lineId: '1', units: 1 }]));
    const expected = amended([line('1', 'MUG', 3), line('2', 'CUP', 3)], [changed('1', 'MUG', 5, 3)], TWO_MUGS_LEFT);
    expect(before.when(sale({ externalRevision: 2, lines: [line('1', 'MUG', 1), line('2', 'CUP', 3)] }))).toEqual(
      expected,
    );
  });

  it('says what the customer has of units that a revision no longer orders, but not what came back or was cancelled before', () => {
    const before = given(
      sale(),
      ship('S', [{ lineId: '1', units: 4 }]),
      giveBack('R', [{ lineId: '1', units: 1 }]),
      cancel([{ lineId: '1', units: 1 }]),
    );
    const leftOf = (mugs: number) =>
      before.when(sale({ externalRevision: 2, lines: [line('1', 'MUG', mugs), line('2', 'CUP', 3)] }));
    expect(leftOf(1)).toMatchObject([{ data: { leftAnyway: [{ lineId: '1', sku: 'MUG', units: 3 }] } }]);
    expect(leftOf(3)).toMatchObject([{ data: { leftAnyway: [{ lineId: '1', sku: 'MUG', units: 1 }] } }]);
    expect(leftOf(4)).not.toMatchObject([{ data: { leftAnyway: expect.anything() } }]);
  });

  it('takes fewer units of the same revision for a change, also where all have left, and once', () => {
    const all = [sale(), ship('S', [{ lineId: '1', units: 5 }])];
    const fewer = sale({ lines: [line('1', 'MUG', 3), line('2', 'CUP', 3)] });
    expect(given(...all).when(fewer)).toMatchObject([{ type: 'SaleAmended', data: TWO_MUGS_LEFT }]);
    expect(given(...all, fewer).when(fewer)).toMatchObject([{ type: 'SaleDuplicateReceived' }]);
    expect(given(...all).when(sale())).toMatchObject([{ type: 'SaleDuplicateReceived' }]);
  });

  it('cancels what is open when a revision says cancelled, whatever its lines', () => {
    const before = given(sale(), ship('S', [{ lineId: '1', units: 2 }]));
    const expected = [cancellation, cancelledByChannel(['1', 'MUG', 3], ['2', 'CUP', 3])];
    expect(before.when(sale({ externalRevision: 2, cancelled: true, lines: [line('9', 'POT', 9)] }))).toEqual(expected);
  });

  it('remembers the revision of a cancellation that finds nothing open', () => {
    const before = given(
      sale(),
      cancel([
        { lineId: '1', units: 5 },
        { lineId: '2', units: 3 },
      ]),
    );
    expect(before.when(sale({ externalRevision: 2, cancelled: true }))).toEqual([cancellation]);
  });

  it('records and cancels an order whose cancellation comes first', () => {
    const events = given().when(sale({ cancelled: true }));
    expect(events).toMatchObject([
      { type: 'SaleRecorded', data: { lines: two } },
      cancelledByChannel(['1', 'MUG', 5], ['2', 'CUP', 3]),
    ]);
  });

  it.each([
    ['duplicate-line', { lines: [line('1', 'MUG', 1), line('1', 'CUP', 1)] }],
    ['total-too-large', { lines: [line('1', 'MUG', 2, Number.MAX_SAFE_INTEGER)] }],
    ['unusable-text', { lines: [line('1', 'MUG\0', 1)] }],
    ['unusable-text', { externalOrderId: '\ud800' }],
    ['invalid-placed-at', { placedAt: '0000-01-01T00:00:00Z' }],
    ['invalid-placed-at', { placedAt: 'yesterday' }],
  ])('refuses what no event can hold: %s', (code, changes) => {
    expect(given().when(sale(changes))).toMatchObject({ kind: 'invalid', code });
  });

  it('takes units from a revision in another currency, and keeps the prices of the order', () => {
    const lines = [line('1', 'MUG', 4, 999), line('3', 'POT', 1, 999)];
    expect(given(sale()).when(sale({ externalRevision: 2, currency: 'USD', lines }))).toEqual([
      {
        type: 'SaleAmended',
        data: {
          orderId: ID,
          channel: 'etsy',
          externalRevision: 2,
          lines: [line('1', 'MUG', 4), line('3', 'POT', 1, 0)],
          changes: [changed('1', 'MUG', 5, 4), changed('2', 'CUP', 3, 0), changed('3', 'POT', 0, 1)],
          otherCurrency: 'USD',
        },
      },
    ]);
    expect(given(sale()).when(sale({ externalRevision: 2, currency: 'USD', cancelled: true }))).toMatchObject([
      { data: { cancelled: true, otherCurrency: 'USD' } },
      cancelledByChannel(['1', 'MUG', 5], ['2', 'CUP', 3]),
    ]);
  });

  it('applies another content of the same revision, once', () => {
    const three = sale({ lines: [line('1', 'MUG', 3)] });
    expect(given(sale()).when(three)).toEqual(
      amended([line('1', 'MUG', 3)], [changed('1', 'MUG', 5, 3), changed('2', 'CUP', 3, 0)], {}, 1),
    );
    const duplicate = [{ type: 'SaleDuplicateReceived', data: { orderId: ID, externalRevision: 1 } }];
    expect(given(sale(), three).when(three)).toEqual(duplicate);
    expect(given(sale(), three).when(sale())).toEqual(duplicate);
    expect(given(sale()).when(sale({ lines: two.toReversed() }))).toEqual(duplicate);
  });

  it('knows a content again that could not be applied as it was sent', () => {
    const one = sale({ externalRevision: 2, lines: [line('1', 'MUG', 1), line('2', 'CUP', 3)] });
    const before = given(sale(), ship('S', [{ lineId: '1', units: 2 }]), one);
    expect(before.when(one)).toMatchObject([{ type: 'SaleDuplicateReceived' }]);
  });

  it('cancels by the same revision, and only a newer one takes it back', () => {
    expect(given(sale()).when(sale({ cancelled: true }))).toMatchObject([
      { type: 'SaleAmended', data: { externalRevision: 1, cancelled: true } },
      cancelledByChannel(['1', 'MUG', 5], ['2', 'CUP', 3]),
    ]);
    const cancelled = given(sale(), sale({ cancelled: true }));
    expect(cancelled.when(sale({ cancelled: true }))).toMatchObject([{ type: 'SaleDuplicateReceived' }]);
    expect(cancelled.when(sale())).toMatchObject([{ type: 'SaleDuplicateReceived' }]);
    expect(cancelled.when(sale({ lines: [line('9', 'POT', 1)] }))).toMatchObject([{ type: 'SaleOutdatedReceived' }]);
    expect(cancelled.when(sale({ externalRevision: 2 }))).toMatchObject([
      {
        type: 'SaleAmended',
        data: {
          lines: two,
          changes: [changed('1', 'MUG', 0, 5), changed('2', 'CUP', 0, 3)],
          reopened: [
            { lineId: '1', sku: 'MUG', units: 5 },
            { lineId: '2', sku: 'CUP', units: 3 },
          ],
        },
      },
    ]);
  });

  it('takes back of a cancellation only what the channel had cancelled and has not left', () => {
    const before = given(
      sale(),
      cancel([{ lineId: '1', units: 1 }]),
      sale({ externalRevision: 2, cancelled: true }),
      ship('S', [{ lineId: '1', units: 3 }]),
    );
    expect(before.when(sale({ externalRevision: 3, lines: [line('1', 'MUG', 5)] }))).toMatchObject([
      {
        data: {
          lines: [line('1', 'MUG', 5), line('2', 'CUP', 3)],
          changes: [changed('1', 'MUG', 4, 5)],
          reopened: [{ lineId: '1', sku: 'MUG', units: 4 }],
        },
      },
    ]);
  });

  it('records the cancellation of an unknown order, so that a late original does not revive it', () => {
    const cancellation = sale({ lines: [], cancelled: true });
    expect(given().when(cancellation)).toMatchObject([{ type: 'SaleRecorded', data: { lines: [], cancelled: true } }]);
    expect(given(cancellation).when(sale())).toMatchObject([{ type: 'SaleOutdatedReceived' }]);
    expect(given(cancellation).when(sale({ externalRevision: 0 }))).toMatchObject([{ type: 'SaleOutdatedReceived' }]);
  });

  it('says when nothing of an order is left, and when something is again', () => {
    const emptied = (command: OrderCommand, ...before: OrderCommand[]) => {
      const events = given(...before).when(command);
      return events instanceof Rejected
        ? []
        : events.map(({ data }) => ('emptied' in data ? data.emptied : 'as before'));
    };
    const all = cancel([
      { lineId: '1', units: 5 },
      { lineId: '2', units: 3 },
    ]);
    const byChannel = sale({ externalRevision: 2, cancelled: true });
    expect(emptied(all, sale())).toEqual([true]);
    expect(emptied(cancel([{ lineId: '1', units: 5 }]), sale())).toEqual(['as before']);
    expect(emptied(byChannel, sale())).toEqual(['as before', true]);
    expect(emptied(byChannel, sale(), all)).toEqual(['as before']);
    expect(emptied(sale({ externalRevision: 3 }), sale(), byChannel)).toEqual([false]);
  });

  it('keeps charges with their sign, until a revision says otherwise', () => {
    const charges = [
      { lineId: '8', amountMinor: 490 },
      { lineId: '9', code: 'DISCOUNT', amountMinor: -500 },
    ];
    expect(given().when(sale({ charges }))).toMatchObject([{ data: { lines: two, charges } }]);
    expect(given(sale({ charges })).when(sale({ externalRevision: 2 }))).toMatchObject([{ data: { charges: [] } }]);
    expect(given(sale({ charges })).when(sale({ charges: charges.slice(1) }))).toMatchObject([
      { type: 'SaleAmended', data: { changes: [], charges: charges.slice(1) } },
    ]);
  });

  it('refuses a sale of nothing', () => {
    expect(given().when(sale({ lines: [] }))).toMatchObject({ kind: 'invalid', code: 'nothing-sold' });
  });

  it('orders the SKU of an offer as soon as that is known', () => {
    const offers = [
      { lineId: '2', externalId: 'B-2', units: 2, unitPriceMinor: 700 },
      { lineId: '3', externalId: 'B-3', units: 1, unitPriceMinor: 50 },
    ];
    const before = given(sale({ lines: [line('1', 'MUG', 5)], offers }));
    const resolve = { type: 'ResolveOffers', orderId: ID, skus: new Map([['B-2', 'CUP']]) } as const;
    expect(before.when(resolve)).toEqual([
      {
        type: 'SaleAmended',
        data: {
          orderId: ID,
          channel: 'etsy',
          externalRevision: 1,
          lines: [line('1', 'MUG', 5), line('2', 'CUP', 2, 700)],
          changes: [changed('2', 'CUP', 0, 2)],
          offers: [offers[1]],
        },
      },
    ]);
    expect(given(sale({ lines: [], offers }), resolve).when(resolve)).toEqual([]);
  });

  it('refuses to change an order of our own shop', () => {
    expect(given(submit, place).when(sale())).toMatchObject({ code: 'not-a-channel-order' });
  });

  it('refuses a revision whose lines beside what has left make too large a total', () => {
    const huge = (lineId: string) => line(lineId, 'GEM', 1, Number.MAX_SAFE_INTEGER - 1);
    const before = given(sale({ lines: [huge('1')] }), ship('S', [{ lineId: '1', units: 1 }]));
    expect(before.when(sale({ externalRevision: 2, lines: [huge('2')] }))).toMatchObject({ code: 'total-too-large' });
  });
});

describe('SubmitOrder, PlaceOrder and DeclineOrder', () => {
  it('submits a new order', () => {
    const { type: _, ...data } = submit;
    expect(given().when(submit)).toEqual([{ type: 'OrderSubmitted', data }]);
  });

  it('refuses to submit an order that exists', () => {
    expect(given(submit).when(submit)).toMatchObject({ kind: 'conflict', code: 'order-exists' });
  });

  it('refuses an order no event can hold', () => {
    expect(given().when({ ...submit, lines: [line('1', 'MUG', 1), line('1', 'MUG', 1)] })).toMatchObject({
      code: 'duplicate-line',
    });
  });

  it('places a submitted order once', () => {
    expect(given(submit).when(place)).toEqual([{ type: 'OrderPlaced', data: { orderId: ID } }]);
    expect(given(submit, place).when(place)).toEqual([]);
  });

  it('declines a submitted order once, with the SKUs that are short', () => {
    expect(given(submit).when(decline)).toEqual([
      { type: 'OrderDeclined', data: { orderId: ID, short: decline.short } },
    ]);
    expect(given(submit, decline).when(decline)).toEqual([]);
  });

  it.each([place, decline])('leaves an order alone that is not ours to decide: $type', (command) => {
    expect(given().when(command)).toEqual([]);
  });

  it('refuses the opposite of what was decided', () => {
    expect(given(submit, place).when(decline)).toMatchObject({ code: 'allocation-contradicts-order' });
    expect(given(submit, decline).when(place)).toMatchObject({ code: 'allocation-contradicts-order' });
  });
});

describe('CancelLines', () => {
  it('cancels units that have not left', () => {
    expect(given(sale(), ship('S', [{ lineId: '1', units: 2 }])).when(cancel([{ lineId: '1', units: 3 }]))).toEqual([
      {
        type: 'OrderLinesCancelled',
        data: {
          orderId: ID,
          channel: 'etsy',
          lines: [{ lineId: '1', sku: 'MUG', units: 3 }],
          reason: 'customer-request',
        },
      },
    ]);
  });

  it('refuses to cancel what has left', () => {
    const refusal = given(sale(), ship('S', [{ lineId: '1', units: 2 }])).when(cancel([{ lineId: '1', units: 4 }]));
    expect(refusal).toMatchObject({
      code: 'not-cancellable',
      details: { lineId: '1', sku: 'MUG', requested: 4, available: 3 },
    });
  });

  it('adds up units of a line that is named twice', () => {
    const refusal = given(sale()).when(
      cancel([
        { lineId: '1', units: 3 },
        { lineId: '1', units: 3 },
      ]),
    );
    expect(refusal).toMatchObject({ code: 'not-cancellable', details: { requested: 6, available: 5 } });
  });
});

describe('ShipLines', () => {
  const parcel = ship('S', [
    { lineId: '1', units: 2 },
    { lineId: '2', units: 1 },
  ]);

  it('ships open units', () => {
    const lines = [
      { lineId: '1', sku: 'MUG', units: 2 },
      { lineId: '2', sku: 'CUP', units: 1 },
    ];
    expect(given(sale()).when(parcel)).toEqual([
      { type: 'OrderLinesShipped', data: { orderId: ID, channel: 'etsy', shipmentId: 'S', lines } },
    ]);
  });

  it('records the same shipment once, in whatever order its lines come', () => {
    expect(given(sale(), parcel).when({ ...parcel, lines: parcel.lines.toReversed() })).toEqual([]);
  });

  it('refuses the id of a shipment with other lines', () => {
    expect(given(sale(), parcel).when(ship('S', [{ lineId: '1', units: 1 }]))).toMatchObject({
      kind: 'conflict',
      code: 'shipment-differs',
    });
  });

  it('records what left although it was cancelled, was never ordered, or stands on no line', () => {
    const before = given(sale(), cancel([{ lineId: '1', units: 5 }]));
    expect(before.when(ship('S', [{ lineId: '1', units: 2 }]))).toMatchObject([
      { type: 'OrderLinesShipped', data: { lines: [{ lineId: '1', sku: 'MUG', units: 2 }] } },
    ]);
    expect(given(sale()).when(ship('S', [{ lineId: '2', units: 9 }]))).toMatchObject([
      { type: 'OrderLinesShipped', data: { lines: [{ lineId: '2', sku: 'CUP', units: 9 }] } },
    ]);
    expect(given(sale()).when(ship('S', [{ lineId: '1', sku: 'POT', units: 1 }]))).toMatchObject([
      { type: 'OrderLinesShipped', data: { lines: [{ lineId: '1', sku: 'POT', units: 1 }] } },
    ]);
    expect(given(submit, decline).when(ship('S', [{ lineId: '1', units: 1 }]))).toMatchObject([
      { type: 'OrderLinesShipped' },
    ]);
  });

  it('records the parcel of an order that is not known yet; the sale that comes later asks for the rest', () => {
    const early = ship('S', [{ lineId: '1', sku: 'MUG', units: 2 }]);
    expect(given().when(early)).toMatchObject([{ type: 'OrderLinesShipped', data: { channel: 'etsy' } }]);
    expect(given(early).when(early)).toEqual([]);
    expect(given(early).when(sale())).toMatchObject([
      { type: 'SaleRecorded', data: { lines: [] } },
      { type: 'SaleAmended', data: { lines: two, changes: [changed('1', 'MUG', 2, 5), changed('2', 'CUP', 0, 3)] } },
    ]);
    expect(given(early, sale()).when(sale())).toMatchObject([{ type: 'SaleDuplicateReceived' }]);
  });
});

describe('ReturnLines', () => {
  const before = [sale(), ship('S', [{ lineId: '1', units: 2 }])];

  it('takes back what has left', () => {
    expect(given(...before).when(giveBack('R', [{ lineId: '1', units: 2 }]))).toEqual([
      {
        type: 'OrderLinesReturned',
        data: {
          orderId: ID,
          returnId: 'R',
          locationId: 'main',
          condition: 'available',
          lines: [{ lineId: '1', sku: 'MUG', units: 2 }],
        },
      },
    ]);
  });

  it('takes the same return once', () => {
    expect(
      given(...before, giveBack('R', [{ lineId: '1', units: 2 }])).when(giveBack('R', [{ lineId: '1', units: 2 }])),
    ).toEqual([]);
  });

  it('refuses the id of a return with another content', () => {
    const refusal = given(...before, giveBack('R', [{ lineId: '1', units: 1 }])).when(
      giveBack('R', [{ lineId: '1', units: 1 }], 'store'),
    );
    expect(refusal).toMatchObject({ code: 'return-differs' });
  });

  it('records what came back beyond what had left, and of an order that is not known', () => {
    expect(given(...before).when(giveBack('R', [{ lineId: '2', units: 2 }]))).toMatchObject([
      { type: 'OrderLinesReturned', data: { lines: [{ lineId: '2', sku: 'CUP', units: 2 }] } },
    ]);
    expect(given().when(giveBack('R', [{ lineId: '1', sku: 'MUG', units: 2 }]))).toMatchObject([
      { type: 'OrderLinesReturned' },
    ]);
  });
});

describe('CancelLines, ShipLines and ReturnLines', () => {
  const lines = [{ lineId: '1', units: 1 }];
  const commands = [cancel(lines), ship('S', lines), giveBack('R', lines)];

  it.each(commands)('need an order: $type', (command) => {
    expect(given().when(command)).toMatchObject({ kind: 'not-found', code: 'unknown-order' });
  });

  it.each(commands)('need an order that is decided: $type', (command) => {
    expect(given(submit).when(command)).toMatchObject({ kind: 'conflict', code: 'order-not-placed' });
  });

  it.each(commands)('work on an order of our own shop: $type', (command) => {
    expect(given(submit, place, ship('S0', lines)).when(command)).toHaveLength(1);
  });

  it.each([cancel([{ lineId: '1', sku: 'POT', units: 1 }]), ship('S', [{ lineId: '9', units: 1 }])])(
    'refuse a line that names no goods: $type',
    (command) => {
      expect(given(sale()).when(command)).toMatchObject({ kind: 'not-found', code: 'unknown-line' });
    },
  );

  it('ask for the SKU where a line has held several', () => {
    const jug = sale({ externalRevision: 2, lines: [line('1', 'JUG', 5)] });
    const before = given(sale(), ship('S', [{ lineId: '1', units: 2 }]), jug);
    expect(before.when(ship('S2', lines))).toMatchObject({ code: 'ambiguous-line' });
    expect(before.when(ship('S2', [{ lineId: '1', sku: 'JUG', units: 1 }]))).toMatchObject([
      { data: { lines: [{ sku: 'JUG' }] } },
    ]);
  });
});
