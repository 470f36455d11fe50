import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CsvRow, csvPages } from '../csv/csv-rows.js';
import { collect } from '../testing/collect.js';
import { salesCsv } from '../testing/sales-csv.js';
import { loadMapping, type Mapping } from './mapping.js';
import { PlanTotals } from './plan-totals.js';
import {
  INVOICE_OPEN_ROWS,
  MAX_LINES_PER_SALE,
  type PlannedMovement,
  type PlannedSale,
  Planner,
  type PlanSink,
} from './planner.js';

const header = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'.split(',');
let mapping: Mapping;

beforeAll(async () => {
  mapping = await loadMapping(join(import.meta.dirname, '../../mappings/uci-online-retail.json'));
});

describe('planning a sales file', () => {
  it('makes one sale of an invoice, lines keyed by their place, SKUs in upper case', () => {
    const { sales } = plan(
      row({ code: '85123a', quantity: '6', price: '2.55' }),
      row({ code: '71053', price: '3.39' }),
      row({ code: '85123A', quantity: '2', price: '2.5' }),
    );
    expect(sales).toEqual([
      {
        channel: expect.any(String),
        externalOrderId: '536365',
        placedAtMs: Date.UTC(2010, 11, 1, 8, 26),
        customer: '17850',
        line: 2,
        lines: [
          { number: 1, sku: '85123A', description: 'HEART', units: 6, unitPriceMinor: 255 },
          { number: 2, sku: '71053', description: 'HEART', units: 1, unitPriceMinor: 339 },
          { number: 3, sku: '85123A', description: 'HEART', units: 2, unitPriceMinor: 250 },
        ],
      },
    ]);
  });

  it('reads local time in summer', () => {
    expect(plan(row({ date: '2011-06-01 08:26:00' })).sales[0]?.placedAtMs).toBe(Date.UTC(2011, 5, 1, 7, 26));
  });

  it('puts an invoice together that another one interrupts', () => {
    const { sales } = plan(row({ invoice: '1' }), row({ invoice: '2' }), row({ invoice: '1' }), row({ invoice: '2' }));
    expect(sales.map(({ externalOrderId, lines }) => [externalOrderId, lines.length])).toEqual([
      ['1', 2],
      ['2', 2],
    ]);
  });

  it('goes on with a second sale when an invoice comes back after others', () => {
    const others = Array.from({ length: INVOICE_OPEN_ROWS + 1 }, (_, index) => row({ invoice: `other ${index}` }));
    const { sales } = plan(row({ invoice: '1' }), ...others, row({ invoice: '1' }), row({ invoice: '1' }));
    expect(
      sales
        .filter(({ externalOrderId }) => externalOrderId.startsWith('1'))
        .map(({ externalOrderId, lines }) => [externalOrderId, lines.length]),
    ).toEqual([
      ['1', 1],
      ['1/2', 2],
    ]);
  });

  it('goes on with a second sale after the most lines a sale may have', () => {
    const { sales } = plan(...Array.from({ length: MAX_LINES_PER_SALE + 114 }, () => row({})));
    expect(sales.map(({ externalOrderId, lines }) => [externalOrderId, lines.length])).toEqual([
      ['536365', MAX_LINES_PER_SALE],
      ['536365/2', 114],
    ]);
  });

  it('keeps the two halves of an invoice on one channel', () => {
    const { sales } = plan(...Array.from({ length: MAX_LINES_PER_SALE + 1 }, () => row({ customer: '' })));
    expect(new Set(sales.map(({ channel }) => channel)).size).toBe(1);
  });

  it('makes a return of units below zero of a named customer, also outside a C invoice', () => {
    const { movements } = plan(row({ quantity: '-10', price: '1.0', customer: '17850.0' }));
    expect(movements).toMatchObject([{ kind: 'return', units: 10 }]);
  });

  it('makes returns of a C invoice', () => {
    const { sales, movements } = plan(row({ invoice: 'C536379', quantity: '-3', code: '84347' }));
    expect(sales).toEqual([]);
    expect(movements).toEqual([
      {
        kind: 'return',
        line: 2,
        sku: '84347',
        description: 'HEART',
        units: 3,
        occurredAtMs: Date.UTC(2010, 11, 1, 8, 26),
      },
    ]);
  });

  it.each([
    ['a loss', { quantity: '-10', price: '0.0', customer: '', description: 'thrown away' }, 'adjustment', -10],
    [
      'a find: no customer is named and nothing is charged',
      { quantity: '30', price: '0.0', customer: '', description: 'found' },
      'adjustment',
      30,
    ],
  ])('makes an adjustment of %s', (_name, fields, kind, units) => {
    const { sales, movements } = plan(row(fields));
    expect(sales).toEqual([]);
    expect(movements).toMatchObject([{ kind, units, description: fields.description }]);
  });

  it.each([
    ['to a named customer', [{ price: '0.0' }]],
    [
      'beside goods that are charged',
      [
        { price: '0.0', customer: '' },
        { price: '1.0', customer: '' },
      ],
    ],
    [
      'where postage is charged',
      [
        { price: '0.0', customer: '' },
        { code: 'DOT', price: '5.0', customer: '' },
      ],
    ],
  ])('sells goods for nothing %s', (_name, rows) => {
    const { sales, movements } = plan(...rows.map(row));
    expect(sales[0]?.lines[0]?.unitPriceMinor).toBe(0);
    expect(movements).toEqual([]);
  });

  it.each([
    ['POST', '1', '18.0', 'postage'],
    ['D', '-1', '27.5', 'discount'],
    ['m', '1', '0.0', 'manual entry'],
    ['gift_0001_20', '1', '17.5', 'gift voucher'],
    ['B', '1', '-11062.06', 'bad debt'],
    ['BANK CHARGES', '1', '0.001', 'bank charges'],
    ['23444', '1', '15.0', 'carriage'],
  ])('counts %s as no goods', (code, quantity, price, label) => {
    const { totals, sales } = plan(row({ code, quantity, price }));
    expect(Object.fromEntries(totals.otherLines)).toEqual({ [label]: 1 });
    expect(sales).toEqual([]);
  });

  it.each([
    ['a fraction', { quantity: '1.5' }, 'quantity "1.5" is not a whole number'],
    ['no quantity', { quantity: '' }, 'quantity "" is not a whole number'],
    ['a quantity of nothing', { quantity: '0' }, 'quantity "0" is not a whole number'],
    ['2^53', { quantity: '9007199254740992' }, 'quantity "9007199254740992" is not'],
    ['ten milliards', { quantity: '9999999999' }, 'quantity "9999999999" is not'],
    ['no day', { date: '2011-02-30 10:00:00' }, 'date "2011-02-30 10:00:00" is not YYYY-MM-DD HH:mm:ss'],
    ['a negative price of goods', { price: '-1.00' }, 'unit price "-1.00" is not an amount of GBP from 0 on'],
    ['a price of a tenth of a penny', { price: '0.001' }, 'unit price "0.001" is not an amount of GBP'],
    ['a price that is no number', { price: 'free' }, 'unit price "free" is not'],
    ['a fee without a number', { code: 'M', price: 'x' }, 'unit price "x" is not a number'],
    ['no code', { code: ' ' }, 'the code has 0 characters'],
    ['an unknown code', { code: 'NONSENSE!' }, 'code "NONSENSE!" is neither goods nor a known other code'],
    ['no invoice', { invoice: '' }, 'the invoice number has 0 characters'],
    [
      'an invoice with a control character',
      { invoice: '10\u000001' },
      'the invoice number has 5 characters, not 1 to 128',
    ],
    ['a positive return', { invoice: 'C1', quantity: '2' }, 'quantity 2 of a return is not negative'],
    ['a column too many', { country: 'France,x' }, 'it has 9 columns instead of 8'],
    ['broken UTF-8', { description: 'caf\uFFFD' }, 'it is not valid UTF-8'],
  ])('rejects %s', (_name, fields, reason) => {
    const { rejected, totals } = plan(row(fields));
    expect(rejected).toEqual([[2, expect.stringContaining(reason)]]);
    totals.assertAccountsFor(1);
  });

  it('takes the spellings of a code and of an invoice for one', () => {
    const rows = [row({ invoice: '1001', code: '85123A' }), row({ invoice: '1001\u00a0', code: '\u200b85123A\u3000' })];
    const { sales } = plan(...rows);
    expect(sales.map(({ externalOrderId, lines }) => [externalOrderId, lines.map(({ sku }) => sku)])).toEqual([
      ['1001', ['85123A', '85123A']],
    ]);
  });

  it('accounts for every row, whatever the rows are', () => {
    const text = fc.oneof(
      fc.constantFrom('1', '-1', '0.0', 'C1', '85123A', 'POST', '2010-12-01 08:26:00', ''),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(text, { minLength: 6, maxLength: 9 }), { maxLength: 60 }), (rows) => {
        const { totals } = plan(...rows.map((fields) => fields.join(',')));
        totals.assertAccountsFor(rows.length);
      }),
    );
  });

  it('plans a file of 20,000 rows the same way twice, with nothing left over', async () => {
    const text = salesCsv({ rows: 20_000, seed: 1 });
    const [once, twice] = [await planText(text, 1_000), await planText(text, 65_536)];
    expect(once).toEqual(twice);
    once.totals.assertAccountsFor(20_000);
    expect(once.totals.rejectedRows).toBeGreaterThan(10);
    expect(once.totals.adjustmentLines).toBeGreaterThan(50);
    expect(once.sales.some(({ externalOrderId }) => externalOrderId.endsWith('/2'))).toBe(true);
  });
});

interface Plan {
  readonly sales: PlannedSale[];
  readonly movements: PlannedMovement[];
  readonly rejected: [line: number, reason: string][];
  readonly totals: PlanTotals;
}

function plan(...lines: readonly string[]): Plan {
  return planRows(lines.map((text, index) => ({ line: index + 2, fields: text.split(','), text })));
}

function planRows(rows: readonly CsvRow[]): Plan {
  const result: Plan = { sales: [], movements: [], rejected: [], totals: new PlanTotals() };
  const sink: PlanSink = {
    sale: (sale) => {
      result.sales.push(sale);
      result.totals.sale(sale);
    },
    movement: (movement) => {
      result.movements.push(movement);
      result.totals.movement(movement);
    },
    other: (label) => result.totals.other(label),
    rejected: (rejectedRow, reason) => {
      result.rejected.push([rejectedRow.line, reason]);
      result.totals.rejected(rejectedRow, reason);
    },
  };
  const planner = new Planner(mapping, header, sink);
  for (const each of rows) planner.add(each);
  planner.end();
  return result;
}

async function planText(text: string, chunkBytes: number): Promise<Plan> {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  const pages = await collect(csvPages(asAsync(chunks), ','));
  return planRows(pages.flat().slice(1));
}

async function* asAsync(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

interface RowFields {
  readonly invoice?: string;
  readonly code?: string;
  readonly description?: string;
  readonly quantity?: string;
  readonly date?: string;
  readonly price?: string;
  readonly customer?: string;
  readonly country?: string;
}

function row({
  invoice = '536365',
  code = '85123A',
  description = 'HEART',
  quantity = '1',
  date = '2010-12-01 08:26:00',
  price = '2.55',
  customer = '17850.0',
  country = 'United Kingdom',
}: RowFields): string {
  return [invoice, code, description, quantity, date, price, customer, country].join(',');
}
