import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it } from '@jest/globals';
import { reservation, reserved } from '../stock/reserve-stock/reserve-stock.command.js';
import { stockChanged } from '../stock/stock.responses.js';
import { availability } from '../views/stock/stock.http.js';
import {
  confirmRequest,
  getAvailabilityRequest,
  releaseRequest,
  reserveRequest,
  watchAvailabilityRequest,
} from './stock.requests.js';

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
    ['ReserveReply', reserved],
    ['StockChange', stockChanged],
    ['ReserveRequest', reservation],
    ['ReserveRequest', reserveRequest],
    ['ConfirmRequest', confirmRequest],
    ['ReleaseRequest', releaseRequest],
    ['GetAvailabilityRequest', getAvailabilityRequest],
    ['WatchAvailabilityRequest', watchAvailabilityRequest],
    ['GetAvailabilityReply', availability],
  ])('has in %s the fields that are checked and answered', (message, schema) => {
    expect(fieldsOf(message).toSorted()).toEqual(Object.keys(schema.shape).toSorted());
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
