import { externalId, skuSchema } from '#contracts';
import { charactersIn, MAX_QUANTITY, normalText, parseMinor } from '#kernel';
import type { CsvRow } from '../csv/csv-rows.js';
import { localTimeReader } from './local-time.js';
import type { Mapping } from './mapping.js';

/** A row of a sales CSV: goods, or under `label` what is none. */
export type SalesRow = RowOfInvoice &
  ({ readonly goods: GoodsRow; readonly label?: undefined } | { readonly goods?: undefined; readonly label: string });

interface RowOfInvoice {
  readonly invoice: string;
  /** Where the file names channels. */
  readonly channel: string | undefined;
  readonly atMs: number;
  readonly customer: string;
  readonly country: string;
  /** Whether it costs anything. */
  readonly isCharged: boolean;
}

export interface GoodsRow {
  /** Of the file, from 1. */
  readonly line: number;
  readonly sku: string;
  readonly description: string;
  /** Never 0; below it for what came back or was lost. */
  readonly units: number;
  readonly unitPriceMinor: number;
  /** The row says itself that these units came back. */
  readonly isReturned: boolean;
}

/** Reads rows by the header: what a row says, or the reason why it says nothing. */
export function rowReader(mapping: Mapping, header: readonly string[]): (row: CsvRow) => SalesRow | string {
  const columnOf = columnsOf(mapping, header);
  const timeOf = cached(localTimeReader(mapping.date.format, mapping.date.timeZone));
  const numberOf = cached(plainNumberReader(mapping));
  const moneyOf = cached((text) => parseMinor(numberOf(text) ?? '', mapping.currency));
  const codeOf = cached(codeReader(mapping));
  const channelOf = cached(channelReader(mapping));
  const statusOf = cached(statusReader(mapping));
  const isReturnInvoice = matcher(mapping.returnInvoices);

  return ({ line, fields, text }) => {
    if (fields.length !== header.length) return `it has ${fields.length} columns instead of ${header.length}`;
    if (text.includes('\uFFFD')) return 'it is not valid UTF-8';
    const field = (name: ColumnName): string => {
      const column = columnOf[name];
      return column === undefined ? '' : normalText(fields[column] ?? '');
    };

    const invoice = field('invoice');
    if (!externalId.safeParse(invoice).success)
      return `the invoice number has ${charactersIn(invoice)} characters, not 1 to 128, or some that are no text`;
    const codeText = field('sku');
    if (!skuSchema.safeParse(codeText).success)
      return `the code has ${charactersIn(codeText)} characters, not 1 to 64, or some that are no text`;
    const code = codeOf(codeText);
    if (!code) return `code "${codeText}" is neither goods nor a known other code`;
    const units = wholeNumber(numberOf(field('quantity')));
    if (units === undefined)
      return `quantity "${field('quantity')}" is not a whole number other than 0, at most ${MAX_QUANTITY}`;
    const atMs = timeOf(field('date'));
    if (atMs === undefined) return `date "${field('date')}" is not ${mapping.date.format}`;
    const customer = withoutSuffix(field('customer'), mapping.customerSuffix);
    if (customer.length > MAX_CUSTOMER_LENGTH) return `the customer has more than ${MAX_CUSTOMER_LENGTH} characters`;
    const channel = columnOf.channel === undefined ? undefined : channelOf(field('channel'));
    if (columnOf.channel !== undefined && channel === undefined)
      return `channel "${field('channel')}" is none of the mapping`;
    const status = columnOf.status === undefined ? 'sold' : statusOf(field('status'));
    if (status === undefined) return `status "${field('status')}" is none of the mapping`;
    const ofInvoice = { invoice, channel, atMs, customer, country: field('country') };

    if (code.label !== undefined) {
      const amount = numberOf(field(columnOf.unitPrice === undefined ? 'lineTotal' : 'unitPrice') || '0');
      if (amount === undefined) return `unit price "${field('unitPrice')}" is not a number`;
      return { ...ofInvoice, label: code.label, isCharged: Number(amount) > 0 };
    }
    if (status === 'cancelled') return { ...ofInvoice, label: 'cancelled', isCharged: false };
    const isReturned = status === 'returned' || isReturnInvoice(invoice);
    if (isReturnInvoice(invoice) && units > 0) return `quantity ${units} of a return is not negative`;
    const unitPriceMinor = priceOf(field, columnOf, moneyOf, units);
    if (typeof unitPriceMinor === 'string') return `${unitPriceMinor} of ${mapping.currency} from 0 on`;
    const goods = { line, sku: code.sku, description: field('description'), units, unitPriceMinor, isReturned };
    return { ...ofInvoice, goods, isCharged: unitPriceMinor > 0 };
  };
}

/** The price of one unit: as the row states it, or its total divided by its units. 0 where the file knows no prices. */
function priceOf(
  field: (name: ColumnName) => string,
  { unitPrice, lineTotal }: Columns,
  moneyOf: (text: string) => number | undefined,
  units: number,
): number | string {
  if (unitPrice !== undefined) {
    const minor = moneyOf(field('unitPrice'));
    return minor !== undefined && minor >= 0 ? minor : `unit price "${field('unitPrice')}" is not an amount`;
  }
  if (lineTotal === undefined) return 0;
  const total = moneyOf(field('lineTotal'));
  // Refunds are written with either sign.
  const price = total === undefined || (total < 0 && units > 0) ? Number.NaN : Math.abs(total / units);
  return Number.isInteger(price) ? price : `line total "${field('lineTotal')}" is not ${units} times an amount`;
}

/** A copy of its own: a short slice would keep the whole chunk of the file in memory that it was cut from. */
export const detached = (text: string): string => Buffer.from(text).toString();

/** Goods under their SKU, or the label of what is not goods. */
type Code = { readonly sku: string; readonly label?: undefined } | { readonly label: string };

type ColumnName = keyof Mapping['columns'];
type Columns = Readonly<Partial<Record<ColumnName, number>>>;

const MAX_CUSTOMER_LENGTH = 128;
const MAX_CACHED = 50_000;

const columnsOf = ({ columns }: Mapping, header: readonly string[]): Columns =>
  Object.fromEntries(
    Object.entries(columns).flatMap(([name, column]) => (column === undefined ? [] : [[name, header.indexOf(column)]])),
  );

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

/** Channels go by their id, their name, or what else the file calls them; upper case makes no difference. */
function channelReader({ channels }: Mapping): (text: string) => string | undefined {
  const byName = new Map(
    channels.flatMap(({ channel, name = channel, names = [] }) =>
      [channel, name, ...names].map((each) => [each.toLowerCase(), channel] as const),
    ),
  );
  return (text) => byName.get(text.toLowerCase());
}

function statusReader({ statuses }: Mapping): (text: string) => Mapping['statuses'][string] | undefined {
  const byName = new Map(Object.entries(statuses).map(([name, status]) => [name.toLowerCase(), status]));
  return (text) => byName.get(text.toLowerCase());
}

const matcher = (pattern: string | undefined): ((text: string) => boolean) => {
  const expression = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  return (text) => expression?.test(text) ?? false;
};

/**
 * A number as people write it ("1.299,00 €", "+2.0") in plain digits with a point ("1299.00", "2.0"): groups of three digits,
 * a sign of the currency and blanks are left out. Undefined for any other text.
 */
function plainNumberReader({ decimalSeparator, currency }: Mapping): (text: string) => string | undefined {
  const [decimal, group] = decimalSeparator === ',' ? [',', "[.'\u2019]"] : ['\\.', "[,'\u2019]"];
  const digits = `\\d{1,3}(?:${group}\\d{3})+|\\d+`;
  const number = new RegExp(`^([+-]?)(${digits})(?:${decimal}(\\d+))?$`, 'u');
  const around = new RegExp(`\\s|^(?:\\p{Sc}|${currency})|(?:\\p{Sc}|${currency})$`, 'gu');
  return (text) => {
    const [, sign, whole, fraction] = number.exec(text.replace(around, '')) ?? [];
    if (whole === undefined) return undefined;
    return `${sign === '-' ? '-' : ''}${whole.replace(/\D/g, '')}${fraction === undefined ? '' : `.${fraction}`}`;
  };
}

function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d{1,10}(\.0+)?$/.test(text)) return undefined;
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
