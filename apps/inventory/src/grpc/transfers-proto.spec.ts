import { describe, expect, it } from '@jest/globals';
import { messageSchemaOf, ProtoFile, pathsOfSchema } from '#testing';
import { cancelTransfer } from '../transfer/cancel-transfer.js';
import { dispatchTransfer } from '../transfer/dispatch-transfer.js';
import { receiveTransfer } from '../transfer/receive-transfer.js';
import { settleTransferDifference } from '../transfer/settle-transfer-difference.js';
import { transferChanged } from '../transfer/transfer.slices.js';
import { transfer, transferById } from '../views/transfers/transfers.query.js';

const proto = new ProtoFile('einklang/inventory/v1/transfers.proto', 'einklang.inventory.v1');

describe('transfers.proto', () => {
  it.each([
    ['DispatchTransferRequest', messageSchemaOf(dispatchTransfer)],
    ['ReceiveTransferRequest', messageSchemaOf(receiveTransfer)],
    ['SettleTransferDifferenceRequest', messageSchemaOf(settleTransferDifference)],
    ['CancelTransferRequest', messageSchemaOf(cancelTransfer)],
    ['GetTransferRequest', messageSchemaOf(transferById)],
    ['TransferChange', transferChanged],
    ['Transfer', transfer],
  ])('has in %s the fields that are checked and answered', (message, schema) => {
    expect(proto.pathsLike(message, schema)).toEqual(pathsOfSchema(schema));
  });
});
