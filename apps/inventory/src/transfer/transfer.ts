import type { TransferEvent } from '#contracts';

/** Goods on their way from one location to another. */
export type Transfer = { readonly status: 'unknown' } | KnownTransfer;

export interface KnownTransfer {
  readonly status: 'dispatched' | 'cancelled';
  readonly from: string;
  readonly to: string;
  readonly expectedAt?: string | undefined;
  /** By SKU, in the order in which they became known. */
  readonly lines: TransferLines;
  /** What was written on the document that it left with, and on each that it arrived with, by its id. */
  readonly dispatched: string;
  readonly receipts: Readonly<Record<string, string>>;
}

export interface TransferLine {
  readonly sku: string;
  readonly dispatched: number;
  readonly received: number;
  /** Of the units missing, those that are accounted for: lost, found, or back at the sender; below zero for a surplus. */
  readonly settled: number;
}
export type TransferLines = readonly TransferLine[];

export const initialTransfer = (): Transfer => ({ status: 'unknown' });

export function evolve(transfer: Transfer, event: TransferEvent): Transfer {
  if (event.type === 'TransferDispatched') {
    const { from, to, expectedAt } = event.data;
    const lines = linesAfter([], event);
    return { status: 'dispatched', from, to, expectedAt, lines, dispatched: contentOf(event.data), receipts: {} };
  }
  if (transfer.status === 'unknown') return transfer;
  const lines = linesAfter(transfer.lines, event);
  switch (event.type) {
    case 'TransferReceived': {
      const { receiptId } = event.data;
      return { ...transfer, lines, receipts: { ...transfer.receipts, [receiptId]: contentOf(event.data) } };
    }
    case 'TransferDifferenceSettled':
      return { ...transfer, lines };
    case 'TransferCancelled':
      return { ...transfer, lines, status: 'cancelled' };
    default:
      return event satisfies never;
  }
}

/** The lines after an event; the aggregate and the view of transfers fold with this one function. */
export function linesAfter(lines: TransferLines, event: TransferEvent): TransferLines {
  switch (event.type) {
    case 'TransferDispatched':
      return event.data.lines.reduce((all, { sku, units }) => added(all, sku, { dispatched: units }), lines);
    case 'TransferReceived':
      return event.data.lines.reduce((all, { sku, units }) => added(all, sku, { received: units }), lines);
    case 'TransferCancelled':
      return event.data.lines.reduce((all, { sku, units }) => added(all, sku, { settled: units }), lines);
    case 'TransferDifferenceSettled': {
      const { sku, units, difference } = event.data;
      return added(lines, sku, { settled: difference === 'missing' ? units : -units });
    }
    default:
      return event satisfies never;
  }
}

/** Units dispatched that are neither received nor accounted for; below zero where more arrived than was dispatched. */
export const openUnits = ({ dispatched, received, settled }: TransferLine): number => dispatched - received - settled;

/** The same for the same goods on the same way, in whatever order they are named. */
export const contentOf = (document: {
  readonly from: string;
  readonly to: string;
  readonly lines: readonly { readonly sku: string; readonly units: number }[];
  readonly expectedAt?: string | undefined;
}): string =>
  JSON.stringify([
    document.from,
    document.to,
    document.lines.map(({ sku, units }) => [sku, units]).toSorted(),
    document.expectedAt,
  ]);

function added(lines: TransferLines, sku: string, more: Partial<Omit<TransferLine, 'sku'>>): TransferLines {
  const known = lines.find((line) => line.sku === sku);
  const { dispatched, received, settled } = known ?? { dispatched: 0, received: 0, settled: 0 };
  const line = {
    sku,
    dispatched: dispatched + (more.dispatched ?? 0),
    received: received + (more.received ?? 0),
    settled: settled + (more.settled ?? 0),
  };
  return known ? lines.map((each) => (each === known ? line : each)) : [...lines, line];
}
