import { type TransferEvent, transferEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { Rejected } from '#kernel';
import { contentOf, evolve, initialTransfer, openUnits, type Transfer } from './transfer.js';

export type TransferCommand = DispatchTransfer | ReceiveTransfer | SettleTransferDifference | CancelTransfer;

interface Line {
  readonly sku: string;
  readonly units: number;
}

export interface DispatchTransfer {
  readonly type: 'DispatchTransfer';
  readonly transferId: string;
  readonly from: string;
  readonly to: string;
  /** Each SKU once. */
  readonly lines: readonly Line[];
  readonly expectedAt?: string | undefined;
}

export interface ReceiveTransfer {
  readonly type: 'ReceiveTransfer';
  readonly transferId: string;
  readonly receiptId: string;
  /** Each SKU once. */
  readonly lines: readonly Line[];
}

export interface SettleTransferDifference {
  readonly type: 'SettleTransferDifference';
  readonly transferId: string;
  readonly sku: string;
  readonly as: 'lost' | 'found';
  /** Where missing units were found; absent: where they were going. */
  readonly foundAt?: string | undefined;
}

export interface CancelTransfer {
  readonly type: 'CancelTransfer';
  readonly transferId: string;
  readonly reason: string;
}

type Decision = readonly TransferEvent[] | Rejected;

/** Streams `transfer-<transferId>`. They are short, so no snapshots. */
export const transferDecider: Decider<TransferCommand, TransferEvent, Transfer> = {
  category: 'transfer',
  eventTypes: typesOf(transferEvents),
  initialState: initialTransfer,
  decide,
  evolve,
};

function decide(command: TransferCommand, transfer: Transfer): Decision {
  switch (command.type) {
    case 'DispatchTransfer':
      return dispatch(command, transfer);
    case 'ReceiveTransfer':
      return receive(command, transfer);
    case 'SettleTransferDifference':
      return settle(command, transfer);
    case 'CancelTransfer':
      return cancel(command, transfer);
    default:
      return command satisfies never;
  }
}

function dispatch({ type: _, ...data }: DispatchTransfer, transfer: Transfer): Decision {
  if (data.from === data.to)
    return new Rejected(
      'invalid',
      'transfer-to-itself',
      `Goods at ${data.from} are there already. Name another location.`,
    );
  if (transfer.status === 'unknown') return [{ type: 'TransferDispatched', data: { ...data, lines: [...data.lines] } }];
  if (transfer.dispatched === contentOf(data)) return [];
  return new Rejected(
    'conflict',
    'transfer-differs',
    `Transfer ${data.transferId} is known with other content. Give this one an id of its own.`,
  );
}

/** Goods that arrived have arrived, also those of a SKU that was not dispatched, or after the transfer was cancelled. */
function receive({ transferId, receiptId, lines }: ReceiveTransfer, transfer: Transfer): Decision {
  if (transfer.status === 'unknown') return unknown(transferId);
  const { from, to } = transfer;
  const data = { transferId, from, to, receiptId, lines: [...lines] };
  const before = transfer.receipts[receiptId];
  if (before === undefined) return [{ type: 'TransferReceived', data }];
  if (before === contentOf(data)) return [];
  return new Rejected(
    'conflict',
    'receipt-differs',
    `Receipt ${receiptId} of transfer ${transferId} is known with other content. Give this one an id of its own.`,
  );
}

function settle({ transferId, sku, as, foundAt }: SettleTransferDifference, transfer: Transfer): Decision {
  if (transfer.status === 'unknown') return unknown(transferId);
  const line = transfer.lines.find((each) => each.sku === sku);
  const open = line ? openUnits(line) : 0;
  if (open === 0) return [];
  const { from, to } = transfer;
  const data = { transferId, from, to, sku, units: Math.abs(open), as };
  if (open < 0) return [{ type: 'TransferDifferenceSettled', data: { ...data, difference: 'surplus' } }];
  const found = as === 'found' ? { foundAt: foundAt ?? to } : {};
  return [{ type: 'TransferDifferenceSettled', data: { ...data, difference: 'missing', ...found } }];
}

function cancel({ transferId, reason }: CancelTransfer, transfer: Transfer): Decision {
  if (transfer.status === 'unknown') return unknown(transferId);
  if (transfer.status === 'cancelled') return [];
  const { from, to } = transfer;
  const lines = transfer.lines.flatMap((line) =>
    openUnits(line) > 0 ? [{ sku: line.sku, units: openUnits(line) }] : [],
  );
  if (lines.length > 0) return [{ type: 'TransferCancelled', data: { transferId, from, to, lines, reason } }];
  return new Rejected(
    'conflict',
    'transfer-received',
    `Nothing of transfer ${transferId} is on its way any more. Send back what arrived with a transfer of its own.`,
  );
}

const unknown = (transferId: string): Rejected =>
  new Rejected('not-found', 'unknown-transfer', `There is no transfer ${transferId}. Dispatch it first.`);
