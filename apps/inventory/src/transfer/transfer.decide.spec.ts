import { describe, it } from '@jest/globals';
import type { TransferEvent } from '#contracts';
import { specify } from '#testing';
import { type TransferCommand, transferDecider } from './transfer.decide.js';

const { given } = specify(transferDecider);

const route = { transferId: 'T-1', from: 'main', to: 'store' };
const lines = [
  { sku: 'A', units: 20 },
  { sku: 'B', units: 1 },
];
const dispatch: TransferCommand = { type: 'DispatchTransfer', ...route, lines };
const dispatched: TransferEvent = { type: 'TransferDispatched', data: { ...route, lines } };
const receive = (receiptId: string, ...arrived: [sku: string, units: number][]): TransferCommand => ({
  type: 'ReceiveTransfer',
  transferId: 'T-1',
  receiptId,
  lines: arrived.map(([sku, units]) => ({ sku, units })),
});
const received = (receiptId: string, ...arrived: [sku: string, units: number][]): TransferEvent => ({
  type: 'TransferReceived',
  data: { ...route, receiptId, lines: arrived.map(([sku, units]) => ({ sku, units })) },
});
const settle = (sku: string, as: 'lost' | 'found', foundAt?: string): TransferCommand => ({
  type: 'SettleTransferDifference',
  transferId: 'T-1',
  sku,
  as,
  foundAt,
});
const cancel: TransferCommand = { type: 'CancelTransfer', transferId: 'T-1', reason: 'not needed' };

describe('a transfer', () => {
  it('is dispatched once, in whatever order its lines are named', () => {
    given().when(dispatch).thenEvents(dispatched);
    given(dispatched)
      .when({ ...dispatch, lines: lines.toReversed() })
      .thenEvents();
  });

  it('is a conflict under an id that is known with other content', () => {
    given(dispatched)
      .when({ ...dispatch, lines: [{ sku: 'A', units: 19 }] })
      .thenRejected('transfer-differs');
    given(dispatched)
      .when({ ...dispatch, to: 'pop-up' })
      .thenRejected('transfer-differs');
  });

  it('goes to another location', () => {
    given()
      .when({ ...dispatch, to: 'main' })
      .thenRejected('transfer-to-itself');
  });

  it('arrives in parts, each document once', () => {
    given(dispatched)
      .when(receive('R-1', ['A', 12]))
      .thenEvents(received('R-1', ['A', 12]));
    given(dispatched, received('R-1', ['A', 12]))
      .when(receive('R-1', ['A', 12]))
      .thenEvents();
    given(dispatched, received('R-1', ['A', 12]))
      .when(receive('R-1', ['A', 11]))
      .thenRejected('receipt-differs');
    given(dispatched, received('R-1', ['A', 12]))
      .when(receive('R-2', ['A', 12]))
      .thenEvents(received('R-2', ['A', 12]));
  });

  it('takes what arrives, more than was dispatched and what was not dispatched at all', () => {
    given(dispatched)
      .when(receive('R-1', ['A', 25], ['C', 2]))
      .thenEvents(received('R-1', ['A', 25], ['C', 2]));
  });

  it.each<[string, TransferCommand, object]>([
    ['lost', settle('A', 'lost'), { as: 'lost' }],
    ['found where they were going', settle('A', 'found'), { as: 'found', foundAt: 'store' }],
    ['found where they came from', settle('A', 'found', 'main'), { as: 'found', foundAt: 'main' }],
  ])('has what is missing settled as %s', (_, command, how) => {
    given(dispatched, received('R-1', ['A', 19]))
      .when(command)
      .thenEvents({
        type: 'TransferDifferenceSettled',
        data: { ...route, sku: 'A', units: 1, difference: 'missing', ...how } as never,
      });
  });

  it('has a surplus settled, and a difference once', () => {
    const settled: TransferEvent = {
      type: 'TransferDifferenceSettled',
      data: { ...route, sku: 'B', units: 2, difference: 'surplus', as: 'found' },
    };
    given(dispatched, received('R-1', ['B', 3]))
      .when(settle('B', 'found'))
      .thenEvents(settled);
    given(dispatched, received('R-1', ['B', 3]), settled)
      .when(settle('B', 'found'))
      .thenEvents();
    given(dispatched, received('R-1', ['A', 20]))
      .when(settle('A', 'lost'))
      .thenEvents();
    given(dispatched).when(settle('unknown', 'lost')).thenEvents();
  });

  it('that is cancelled gives back what has not arrived, and once', () => {
    const cancelled: TransferEvent = {
      type: 'TransferCancelled',
      data: { ...route, lines: [{ sku: 'A', units: 8 }], reason: 'not needed' },
    };
    const arrived = received('R-1', ['A', 12], ['B', 1]);
    given(dispatched, arrived).when(cancel).thenEvents(cancelled);
    given(dispatched, arrived, cancelled).when(cancel).thenEvents();
    given(dispatched, arrived, cancelled)
      .when(receive('R-2', ['A', 1]))
      .thenEvents(received('R-2', ['A', 1]));
  });

  it('cannot be cancelled when all of it has arrived', () => {
    given(dispatched, received('R-1', ['A', 20], ['B', 1]))
      .when(cancel)
      .thenRejected('transfer-received');
  });

  it.each([receive('R-1', ['A', 1]), settle('A', 'lost'), cancel])('must be dispatched before $type', (command) => {
    given().when(command).thenRejected('unknown-transfer');
  });
});
