import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it } from '@jest/globals';
import { messageFieldsOf } from '#platform';
import { confirmReservation } from '../stock/confirm-reservation.js';
import { releaseReservation } from '../stock/release-reservation.js';
import { reserved, reserveStock } from '../stock/reserve-stock.js';
import { stockChanged } from '../stock/stock.responses.js';
import { availability } from '../views/stock/stock.slices.js';
import { getAvailabilityRequest, watchAvailabilityRequest } from './stock.requests.js';

const definition = loadSync(
  fileURLToPath(new URL('../../../../libs/contracts/proto/einklang/inventory/v1/stock.proto', import.meta.url)),
);

/** Field names of a message, as proto-loader gives them to us. */
function fieldsOf(message: string): string[] {
  const { type } = Object(definition[`einklang.inventory.v1.${message}`]);
  return Object.values<{ name: string }>(type.field).map(({ name }) =>
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  );
}

describe('stock.proto', () => {
  it.each([
    ['ReserveReply', Object.keys(reserved.shape)],
    ['StockChange', Object.keys(stockChanged.shape)],
    ['ReserveRequest', messageFieldsOf(reserveStock)],
    ['ConfirmRequest', messageFieldsOf(confirmReservation)],
    ['ReleaseRequest', messageFieldsOf(releaseReservation)],
    ['GetAvailabilityRequest', Object.keys(getAvailabilityRequest.shape)],
    ['WatchAvailabilityRequest', Object.keys(watchAvailabilityRequest.shape)],
    ['GetAvailabilityReply', Object.keys(availability.shape)],
  ])('has in %s the fields that are checked and answered', (message, fields) => {
    expect(fieldsOf(message).toSorted()).toEqual(fields.toSorted());
  });

  it('has in Availability what a change of the feed holds, apart from its time', () => {
    expect(fieldsOf('Availability')).toEqual(['sku', 'stockRevision', 'sequence', 'available']);
    expect(fieldsOf('ReserveStreamReply')).toEqual(['reserved', 'problem']);
    expect(fieldsOf('Problem')).toEqual(['code', 'detail']);
  });

  it('offers the methods of the controller', () => {
    expect(Object.keys(Object(definition['einklang.inventory.v1.Stock'])).toSorted()).toEqual([
      'Confirm',
      'GetAvailability',
      'Release',
      'Reserve',
      'ReserveStream',
      'WatchAvailability',
    ]);
  });
});
