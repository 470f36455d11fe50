import { describe, it } from '@jest/globals';
import type { StockEvent } from '#contracts';
import { specify } from '#testing';
import { stockDecider } from './stock.decider.js';

const { given } = specify(stockDecider);

const received = (units: number, reference?: string, receivedBefore?: number): StockEvent => ({
  type: 'StockReceived',
  data: {
    locationId: 'main',
    units,
    ...(reference !== undefined && { reference }),
    ...(receivedBefore !== undefined && { receivedBefore }),
  },
});
const receive = (units: number, reference?: string) =>
  ({ type: 'ReceiveStock', locationId: 'main', units, ...(reference !== undefined && { reference }) }) as const;
const adjust = (locationId: string, onHand: number) =>
  ({ type: 'AdjustStock', locationId, onHand, unavailable: 0, reason: 'transfer' }) as const;
const adjusted = (locationId: string, onHand: number): StockEvent => ({
  type: 'StockAdjusted',
  data: { locationId, onHand, unavailable: 0, reason: 'transfer' },
});
const goods = { returnId: 'R-1', locationId: 'main', units: 2, condition: 'available' } as const;
const giveBack = { type: 'ReturnStock', ...goods } as const;
const returned = (data: object = {}): StockEvent => ({ type: 'StockReturned', data: { ...goods, ...data } });

describe('a document', () => {
  it('with several lines of one SKU moves all of them', () =>
    given()
      .when({ type: 'MoveStock', movements: [receive(5), receive(7)] })
      .thenEvents(received(5), received(7)));

  it('moves nothing when one of its lines is refused', () =>
    given(received(2))
      .when({ type: 'MoveStock', movements: [adjust('store', 3), adjust('main', -3)] })
      .thenRejected('adjustment-below-zero', { locationId: 'main', onHand: 2 }));

  it('may take what one of its lines brings', () =>
    given()
      .when({ type: 'MoveStock', movements: [receive(3), adjust('main', -3)] })
      .thenEvents(received(3), adjusted('main', -3)));
});

describe('a return', () => {
  it('that is known changes nothing', () => given(returned()).when(giveBack).thenEvents());

  it.each([{ units: 3 }, { locationId: 'store' }, { condition: 'damaged' as const }])(
    'with the id of another one is refused: %j',
    (other) =>
      given(returned())
        .when({ ...giveBack, ...other })
        .thenRejected('return-differs', { returnId: 'R-1' }),
  );

  it('of an order has the number its order gave it', () =>
    given(returned(), returned({ orderId: 'o1' }))
      .when({ ...giveBack, orderId: 'o2' })
      .thenEvents(returned({ orderId: 'o2' })));

  it('of several lines is known as a whole', () => {
    const lines = [giveBack, { ...giveBack, condition: 'damaged' as const }];
    const history = [returned(), returned({ condition: 'damaged' })];
    given()
      .when({ type: 'MoveStock', movements: lines })
      .thenEvents(...history);
    given(...history)
      .when({ type: 'MoveStock', movements: lines.toReversed() })
      .thenEvents();
    given(...history)
      .when(giveBack)
      .thenRejected('return-differs');
  });
});

describe('a receipt', () => {
  it('says how many units had come under its reference, of which it may be a second part', () =>
    given(received(5, 'DN-1'), received(2, 'DN-1', 5))
      .when(receive(5, 'DN-1'))
      .thenEvents(received(5, 'DN-1', 7)));

  it('adds up with others to any number that a double holds', () => {
    const many = Array.from({ length: 9 }, () => received(1_000_000_000));
    const order = (units: number) =>
      ({
        type: 'AllocateLines',
        as: 'request',
        orderId: 'o1',
        lines: Array.from({ length: 10 }, (_, index) => ({ lineId: `${index}`, units })),
        policy: { channel: 'shop', supply: ['main'], buffer: 0, sharePercent: 100 },
      }) as const;
    given(...many)
      .when(order(1_000_000_000))
      .thenRejected('insufficient-stock', { requested: 10_000_000_000, available: 9_000_000_000 });
    given(...many)
      .when({ type: 'CountStock', locationId: 'main', counted: 1_000_000_000, asOfRevision: 3 })
      .thenEvents({
        type: 'StockCounted',
        data: { locationId: 'main', counted: 1_000_000_000, asOfRevision: 3, onHand: 6_000_000_000 },
      });
  });

  it('knows a reference by its location', () =>
    given(received(5, 'DN-1'))
      .when({ ...receive(5, 'DN-1'), locationId: 'store' })
      .thenEvents({ type: 'StockReceived', data: { locationId: 'store', units: 5, reference: 'DN-1' } }));
});
