import { describe, expect, it } from '@jest/globals';
import { messageSchemaOf, ProtoFile, pathsOfSchema } from '#testing';
import { confirmReservation } from '../stock/confirm-reservation.js';
import { releaseReservation } from '../stock/release-reservation.js';
import { reserved, reserveStock } from '../stock/reserve-stock.js';
import { stockChanged } from '../stock/stock.responses.js';
import { availability } from '../views/stock/stock.slices.js';
import { getAvailabilityRequest, watchAvailabilityRequest } from './stock.requests.js';

const proto = new ProtoFile('einklang/inventory/v1/stock.proto', 'einklang.inventory.v1');

describe('stock.proto', () => {
  it.each([
    ['ReserveReply', reserved],
    ['StockChange', stockChanged],
    ['ReserveRequest', messageSchemaOf(reserveStock)],
    ['ConfirmRequest', messageSchemaOf(confirmReservation)],
    ['ReleaseRequest', messageSchemaOf(releaseReservation)],
    ['GetAvailabilityRequest', getAvailabilityRequest],
    ['WatchAvailabilityRequest', watchAvailabilityRequest],
  ])('has in %s the fields that are checked and answered', (message, schema) => {
    expect(proto.pathsLike(message, schema)).toEqual(pathsOfSchema(schema));
  });

  it('has in Availability what a change of the feed holds, apart from its time', () => {
    expect(proto.pathsOf('Availability')).toEqual(['sku', 'stockRevision', 'sequence', 'available']);
    expect(proto.pathsOf('Problem')).toEqual(['code', 'detail']);
  });

  it('has in GetAvailabilityReply what is answered, and the place in the feed that is 0 there', () => {
    const answered = ['items.sequence', ...pathsOfSchema(availability)].toSorted();
    expect(proto.pathsOf('GetAvailabilityReply').toSorted()).toEqual(answered);
  });

  it('offers the methods of the controller', () => {
    expect(proto.methodsOf('Stock')).toEqual([
      'Confirm',
      'GetAvailability',
      'Release',
      'Reserve',
      'ReserveStream',
      'WatchAvailability',
    ]);
  });
});
