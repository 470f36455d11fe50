import { describe, expect, it } from '@jest/globals';
import { messageSchemaOf, ProtoFile, pathsOfSchema } from '#testing';
import { recordSale } from '../order/record-sale.js';
import { submitOrder } from '../order/submit-order.js';
import { orderById } from '../views/orders/orders.slices.js';
import { watchRequest } from './orders.requests.js';

const proto = new ProtoFile('einklang/orders/v1/orders.proto', 'einklang.orders.v1');

describe('orders.proto', () => {
  it.each([
    ['SubmitRequest', messageSchemaOf(submitOrder)],
    ['SubmitReply', submitOrder.shape.answer],
    ['ChannelSale', messageSchemaOf(recordSale)],
    ['GetRequest', messageSchemaOf(orderById)],
    ['Order', orderById.shape.answer],
    ['WatchRequest', watchRequest],
  ])('has in %s the fields that are checked and answered', (message, schema) => {
    expect(proto.pathsLike(message, schema)).toEqual(pathsOfSchema(schema));
  });

  it('offers the methods of the controller', () => {
    expect(proto.methodsOf('Orders')).toEqual(['Get', 'RecordSales', 'Submit', 'Watch']);
  });
});
