import { MAX_QUANTITY, parseMinor } from '#kernel';
import type { CsvRow } from '../csv/csv-rows.js';
import { channelRule } from './channel-rule.js';
import { localTimeReader } from './local-time.js';
import type { Mapping } from './mapping.js';

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
  readonly #columns: Columns;
  readonly #columnCount: number;
  readonly #channelOf: (country: string, key: string) => string;
  readonly #timeOf: (text: string) => number | undefined;
  readonly #priceOf: (text: string) => number | undefined;
  readonly #codeOf: (text: string) => Code | undefined;
  readonly #isReturn: (invoice: string) => boolean;
  /** In the order in which they began. */
  readonly #open = new Map<string, Invoice>();
  /** How many sales an invoice has become. Grows by about 100 bytes per invoice. */
  readonly #parts = new Map<string, number>();
  #rows = 0;

  constructor(mapping: Mapping, header: readonly string[], sink: PlanSink) {
    this.#mapping = mapping;
    this.#sink = sink;
    this.#columns = columnsOf(mapping, header);
    this.#columnCount = header.length;
    this.#channelOf = channelRule(mapping.channels);
    this.#timeOf = cached(localTimeReader(mapping.date.format, mapping.date.timeZone));
    this.#priceOf = cached((text) => parseMinor(text, mapping.currency));
    this.#codeOf = cached(codeReader(mapping));
    const returns = mapping.returnInvoices === undefined ? undefined : new RegExp(mapping.returnInvoices, 'u');
    this.#isReturn = (invoice) => returns?.test(invoice) ?? false;
  }

  /** Rows seen, whatever became of them. */
  get rows(): number {
    return this.#rows;
  }

  add(row: CsvRow): void {
    this.#rows += 1;
    const reason = row.problem ?? this.#place(row);
    if (reason !== undefined) this.#sink.rejected(row, reason);
  }

  /** The file is at its end: completes the invoices that are still open. */
  end(): void {
    for (const invoice of this.#open.values()) this.#close(invoice);
    this.#open.clear();
  }

  /** Puts a row into its invoice, or says why it cannot be. */
  #place({ line, fields, text }: CsvRow): string | undefined {
    if (fields.length !== this.#columnCount) return `it has ${fields.length} columns instead of ${this.#columnCount}`;
    if (text.includes('\uFFFD')) return 'it is not valid UTF-8';
    const field = (column: number | undefined): string => (column === undefined ? '' : (fields[column] ?? '').trim());
    const columns = this.#columns;

    const number = field(columns.invoice);
    if (number === '' || number.length > MAX_INVOICE_LENGTH)
      return `the invoice number has ${number.length} characters, not 1 to ${MAX_INVOICE_LENGTH}`;
    const codeText = field(columns.sku);
    if (codeText === '' || codeText.length > MAX_SKU_LENGTH)
      return `the code has ${codeText.length} characters, not 1 to ${MAX_SKU_LENGTH}`;
    const code = this.#codeOf(codeText);
    if (!code) return `code "${codeText}" is neither goods nor a known other code`;
    const units = wholeNumber(field(columns.quantity));
    if (units === undefined)
      return `quantity "${field(columns.quantity)}" is not a whole number other than 0, at most ${MAX_QUANTITY}`;
    const atMs = this.#timeOf(field(columns.date));
    if (atMs === undefined) return `date "${field(columns.date)}" is not ${this.#mapping.date.format}`;
    const customer = withoutSuffix(field(columns.customer), this.#mapping.customerSuffix);
    if (customer.length > MAX_CUSTOMER_LENGTH) return `the customer has more than ${MAX_CUSTOMER_LENGTH} characters`;
    const priceText = field(columns.unitPrice);
    const isReturn = this.#isReturn(number);
    if (code.label !== undefined) {
      if (!DECIMAL.test(priceText)) return `unit price "${priceText}" is not a number`;
      this.#sink.other(code.label);
      if (Number(priceText) > 0)
        this.#invoice(number, isReturn, atMs, customer, field(columns.country)).isCharged = true;
      return undefined;
    }
    const unitPriceMinor = this.#priceOf(priceText);
    if (unitPriceMinor === undefined || unitPriceMinor < 0) {
      return `unit price "${priceText}" is not an amount of ${this.#mapping.currency} from 0 on`;
    }
    if (isReturn && units > 0) return `quantity ${units} of a return is not negative`;

    const invoice = this.#invoice(number, isReturn, atMs, customer, field(columns.country));
    invoice.isCharged ||= unitPriceMinor > 0;
    invoice.rows.push({ line, sku: code.sku, description: field(columns.description), units, unitPriceMinor });
    if (invoice.rows.length >= MAX_LINES_PER_SALE) this.#finish(invoice);
    return undefined;
  }

  #invoice(number: string, isReturn: boolean, atMs: number, customer: string, country: string): Invoice {
    const open = this.#open.get(number);
    if (open) {
      open.lastRow = this.#rows;
      return open;
    }
    this.#finishOldInvoices();
    const invoice: Invoice = {
      number,
      isReturn,
      atMs,
      customer,
      country,
      isCharged: false,
      lastRow: this.#rows,
      rows: [],
    };
    this.#open.set(number, invoice);
    return invoice;
  }

  /** Looks at each open one: there are at most as many as {@link INVOICE_OPEN_ROWS}, and mostly two. */
  #finishOldInvoices(): void {
    for (const invoice of this.#open.values())
      if (this.#rows - invoice.lastRow > INVOICE_OPEN_ROWS) this.#finish(invoice);
  }

  #finish(invoice: Invoice): void {
    this.#open.delete(invoice.number);
    this.#close(invoice);
  }

  #close(invoice: Invoice): void {
    // Free of charge to nobody: what the books call an invoice is stock that was found or lost.
    const isCorrection = invoice.customer === '' && !invoice.isCharged;
    const lines: PlannedSaleLine[] = [];
    for (const [index, { line, sku, description, units, unitPriceMinor }] of invoice.rows.entries()) {
      if (invoice.isReturn) this.#move('return', line, sku, description, -units, invoice.atMs);
      else if (isCorrection || units < 0) this.#move('adjustment', line, sku, description, units, invoice.atMs);
      else lines.push({ number: index + 1, sku, description, units, unitPriceMinor });
    }
    const [first] = invoice.rows;
    if (lines.length > 0 && first) this.#sell(invoice, first.line, lines);
  }

  #move(
    kind: 'return' | 'adjustment',
    line: number,
    sku: string,
    description: string,
    units: number,
    occurredAtMs: number,
  ): void {
    this.#sink.movement({ kind, line, sku, description, units, occurredAtMs });
  }

  #sell({ number, atMs, customer, country }: Invoice, line: number, lines: readonly PlannedSaleLine[]): void {
    const part = (this.#parts.get(number) ?? 0) + 1;
    this.#parts.set(detached(number), part);
    this.#sink.sale({
      channel: this.#channelOf(country, customer === '' ? number : customer),
      externalOrderId: part === 1 ? number : `${number}/${part}`,
      placedAtMs: atMs,
      customer,
      line,
      lines,
    });
  }
}

/** A copy of its own: a short slice would keep the whole chunk of the file in memory that it was cut from. */
export const detached = (text: string): string => Buffer.from(text).toString();

interface Invoice {
  readonly number: string;
  readonly isReturn: boolean;
  readonly atMs: number;
  readonly customer: string;
  readonly country: string;
  /** Whether any row has a price, postage and the like included. */
  isCharged: boolean;
  lastRow: number;
  readonly rows: InvoiceRow[];
}

interface InvoiceRow {
  readonly line: number;
  readonly sku: string;
  readonly description: string;
  readonly units: number;
  readonly unitPriceMinor: number;
}

/** Goods under their SKU, or the label of what is not goods. */
type Code = { readonly sku: string; readonly label?: undefined } | { readonly label: string };

type Columns = Readonly<Record<keyof Mapping['columns'], number | undefined>>;

const MAX_INVOICE_LENGTH = 100;
const MAX_SKU_LENGTH = 64;
const MAX_CUSTOMER_LENGTH = 128;
const MAX_CACHED = 50_000;
const DECIMAL = /^-?\d+(\.\d+)?$/;

function columnsOf({ columns }: Mapping, header: readonly string[]): Columns {
  const indexOf = (column: string | undefined): number | undefined =>
    column === undefined ? undefined : header.indexOf(column);
  return {
    invoice: indexOf(columns.invoice),
    sku: indexOf(columns.sku),
    quantity: indexOf(columns.quantity),
    date: indexOf(columns.date),
    unitPrice: indexOf(columns.unitPrice),
    description: indexOf(columns.description),
    customer: indexOf(columns.customer),
    country: indexOf(columns.country),
  };
}

function codeReader({ upperCaseSku, goods, otherCodes }: Mapping): (text: string) => Code | undefined {
  const isGoods = new RegExp(goods, 'u');
  const labels = new Map(Object.entries(otherCodes));
  return (text) => {
    const sku = upperCaseSku ? text.toUpperCase() : text;
    const label = labels.get(sku);
    if (label !== undefined) return { label };
    return isGoods.test(sku) ? { sku } : undefined;
  };
}

function wholeNumber(text: string): number | undefined {
  if (!/^[+-]?\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value !== 0 && Math.abs(value) <= MAX_QUANTITY ? value : undefined;
}

const withoutSuffix = (text: string, suffix: string): string =>
  suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;

/** Codes, prices and times repeat from row to row. */
function cached<Value>(read: (text: string) => Value): (text: string) => Value {
  const values = new Map<string, Value>();
  return (text) => {
    const known = values.get(text);
    if (known !== undefined) return known;
    const value = read(text);
    if (values.size >= MAX_CACHED) values.clear();
    values.set(detached(text), value);
    return value;
  };
}
