import type { CsvRow } from '../csv/csv-rows.js';
import { channelRule } from './channel-rule.js';
import type { Mapping } from './mapping.js';
import { detached, type GoodsRow, rowReader, type SalesRow } from './sales-row.js';

/** One invoice (or a part of one) as a channel would report it. */
export interface PlannedSale {
  readonly channel: string;
  readonly externalOrderId: string;
  readonly placedAtMs: number;
  readonly customer: string;
  /** Of its first row. */
  readonly line: number;
  readonly lines: readonly PlannedSaleLine[];
}

export interface PlannedSaleLine {
  /** Place of the row within its invoice, from 1. */
  readonly number: number;
  readonly sku: string;
  readonly description: string;
  readonly units: number;
  readonly unitPriceMinor: number;
}

/** Goods that came back, or a stock correction. */
export interface PlannedMovement {
  readonly kind: 'return' | 'adjustment';
  readonly line: number;
  readonly sku: string;
  readonly description: string;
  /** Negative only in an adjustment. */
  readonly units: number;
  readonly occurredAtMs: number;
}

/** Where the plan goes, record by record, in the order of the file. */
export interface PlanSink {
  sale(sale: PlannedSale): void;
  movement(movement: PlannedMovement): void;
  /** A row that is no goods: postage, fees, vouchers. */
  other(label: string): void;
  rejected(row: CsvRow, reason: string): void;
}

/** Lines one sale may have; a longer invoice goes on in a second sale. */
export const MAX_LINES_PER_SALE = 1_000;
/** An invoice whose last row is this many rows back is complete. In the UCI file the longest gap inside an invoice is 2. */
export const INVOICE_OPEN_ROWS = 100;

/**
 * Turns the rows of a sales CSV into sales, movements, other lines and rejected rows: every row becomes exactly one of
 * them. Pure and synchronous, and the same file always gives the same plan, so a plan can be made again to go on with it.
 */
export class Planner {
  readonly #mapping: Mapping;
  readonly #sink: PlanSink;
  readonly #read: (row: CsvRow) => SalesRow | string;
  readonly #channelOf: (country: string, key: string) => string;
  /** In the order in which they began. */
  readonly #open = new Map<string, Invoice>();
  /** How many sales an invoice has become. Grows by about 100 bytes per invoice. */
  readonly #parts = new Map<string, number>();
  #rows = 0;

  constructor(mapping: Mapping, header: readonly string[], sink: PlanSink) {
    this.#mapping = mapping;
    this.#sink = sink;
    this.#read = rowReader(mapping, header);
    this.#channelOf = channelRule(mapping.channels);
  }

  /** Rows seen, whatever became of them. */
  get rows(): number {
    return this.#rows;
  }

  add(row: CsvRow): void {
    this.#rows += 1;
    const read = row.problem ?? this.#read(row);
    if (typeof read === 'string') this.#sink.rejected(row, read);
    else this.#place(read);
  }

  /** The file is at its end: completes the invoices that are still open. */
  end(): void {
    for (const invoice of this.#open.values()) this.#close(invoice);
    this.#open.clear();
  }

  #place(row: SalesRow): void {
    if (row.goods === undefined) {
      this.#sink.other(row.label);
      if (row.isCharged) this.#invoiceOf(row).isCharged = true;
      return;
    }
    const invoice = this.#invoiceOf(row);
    invoice.isCharged ||= row.isCharged;
    invoice.rows.push(row.goods);
    if (invoice.rows.length >= MAX_LINES_PER_SALE) this.#finish(invoice);
  }

  #invoiceOf({ invoice: number, channel, atMs, customer, country }: SalesRow): Invoice {
    const key = channel === undefined ? number : `${channel}/${number}`;
    const open = this.#open.get(key);
    if (open) {
      open.lastRow = this.#rows;
      return open;
    }
    this.#finishOldInvoices();
    const begun = { key, number, channel, atMs, customer, country, isCharged: false, lastRow: this.#rows, rows: [] };
    this.#open.set(key, begun);
    return begun;
  }

  /** Looks at each open one: there are at most as many as {@link INVOICE_OPEN_ROWS}, and mostly two. */
  #finishOldInvoices(): void {
    for (const invoice of this.#open.values())
      if (this.#rows - invoice.lastRow > INVOICE_OPEN_ROWS) this.#finish(invoice);
  }

  #finish(invoice: Invoice): void {
    this.#open.delete(invoice.key);
    this.#close(invoice);
  }

  #close(invoice: Invoice): void {
    const lines: PlannedSaleLine[] = [];
    for (const [index, row] of invoice.rows.entries()) {
      const kind = this.#kindOf(row, invoice);
      if (kind === 'sale') lines.push({ number: index + 1, ...lineOf(row) });
      else this.#move(kind, row, invoice.atMs);
    }
    const [first] = invoice.rows;
    if (lines.length > 0 && first) this.#sell(invoice, first.line, lines);
  }

  /**
   * Units below zero came back. In books that hold corrections of stock as well, what names no customer and charges for
   * nothing is one: found or lost.
   */
  #kindOf({ units, isReturned }: GoodsRow, { customer, isCharged }: Invoice): 'sale' | 'return' | 'adjustment' {
    if (isReturned) return 'return';
    if (this.#mapping.stockCorrections && customer === '' && (units < 0 || !isCharged)) return 'adjustment';
    return units < 0 ? 'return' : 'sale';
  }

  #move(kind: 'return' | 'adjustment', { line, sku, description, units }: GoodsRow, occurredAtMs: number): void {
    const moved = kind === 'return' ? Math.abs(units) : units;
    this.#sink.movement({ kind, line, sku, description, units: moved, occurredAtMs });
  }

  #sell(
    { key, number, channel, atMs, customer, country }: Invoice,
    line: number,
    lines: readonly PlannedSaleLine[],
  ): void {
    const part = (this.#parts.get(key) ?? 0) + 1;
    this.#parts.set(detached(key), part);
    this.#sink.sale({
      channel: channel ?? this.#channelOf(country, customer === '' ? number : customer),
      externalOrderId: part === 1 ? number : `${number}/${part}`,
      placedAtMs: atMs,
      customer,
      line,
      lines,
    });
  }
}

interface Invoice {
  /** Its number, with its channel where the file names channels. */
  readonly key: string;
  readonly number: string;
  readonly channel: string | undefined;
  readonly atMs: number;
  readonly customer: string;
  readonly country: string;
  /** Whether any row has a price, postage and the like included. */
  isCharged: boolean;
  lastRow: number;
  readonly rows: GoodsRow[];
}

const lineOf = ({ sku, description, units, unitPriceMinor }: GoodsRow) => ({ sku, description, units, unitPriceMinor });
