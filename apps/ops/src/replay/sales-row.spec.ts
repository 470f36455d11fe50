import { describe, expect, it } from '@jest/globals';
import { type Mapping, mappingSchema } from './mapping.js';
import { type PlannedMovement, type PlannedSale, Planner } from './planner.js';
import { rowReader } from './sales-row.js';

/** The file of a merchant, as a spreadsheet wrote it. */
const mapping: Mapping = mappingSchema.parse({
  name: 'merchant',
  delimiter: ';',
  currency: 'EUR',
  decimalSeparator: ',',
  location: { locationId: 'main', name: 'Main' },
  columns: {
    invoice: 'Bestellung',
    sku: 'Artikel',
    quantity: 'Menge',
    date: 'Datum',
    lineTotal: 'Summe',
    status: 'Status',
    channel: 'Kanal',
    customer: 'Kunde',
  },
  date: { format: 'DD.MM.YY', timeZone: 'Europe/Berlin' },
  statuses: { Versendet: 'sold', Storniert: 'cancelled', Erstattet: 'returned' },
  otherCodes: { VERSAND: 'postage' },
  channels: [
    { channel: 'web-shop', names: ['Shop'] },
    { channel: 'amazon', name: 'Amazon.de' },
  ],
});
const header = ['Bestellung', 'Artikel', 'Menge', 'Datum', 'Summe', 'Status', 'Kanal', 'Kunde'];
const sound = {
  Bestellung: '1001',
  Artikel: 'MUG',
  Menge: '2',
  Datum: '31.01.26',
  Summe: '10,00',
  Status: 'Versendet',
  Kanal: 'Shop',
  Kunde: 'K-1',
};
type Cells = Partial<typeof sound>;

const read = (cells: Cells, by = mapping) => rowReader(by, header)(csvRow(cells, 2));
const csvRow = (cells: Cells, line: number) => {
  const fields = Object.values({ ...sound, ...cells });
  return { line, fields, text: fields.join(';') };
};

function plan(rows: readonly Cells[], by = mapping) {
  const planned = { sales: [] as PlannedSale[], movements: [] as PlannedMovement[], others: [] as string[] };
  const rejected: string[] = [];
  const planner = new Planner(by, header, {
    sale: (sale) => planned.sales.push(sale),
    movement: (movement) => planned.movements.push(movement),
    other: (label) => planned.others.push(label),
    rejected: (_, reason) => rejected.push(reason),
  });
  for (const [index, cells] of rows.entries()) planner.add(csvRow(cells, index + 2));
  planner.end();
  expect(rejected).toEqual([]);
  return planned;
}

describe('the sales file of a merchant', () => {
  it('has totals of lines, decimal commas, two-digit years and the channel in a column', () => {
    expect(plan([{}]).sales).toEqual([
      {
        channel: 'web-shop',
        externalOrderId: '1001',
        placedAtMs: Date.UTC(2026, 0, 30, 23),
        customer: 'K-1',
        line: 2,
        lines: [{ number: 1, sku: 'MUG', description: '', units: 2, unitPriceMinor: 500 }],
      },
    ]);
  });

  it.each([
    ['2,0', '10,00', 2, 500],
    ['+2', '5.000,00 €', 2, 250_000],
    ['1.000', '10.000,00', 1_000, 1_000],
    ['2', 'EUR 1.234.567,00', 2, 61_728_350],
    ['3', '0,00', 3, 0],
    ['-2', '-10,00', -2, 500],
    ['-2', '10,00', -2, 500],
  ])('reads %j units for %j', (Menge, Summe, units, unitPriceMinor) => {
    expect(read({ Menge, Summe })).toMatchObject({ goods: { units, unitPriceMinor } });
  });

  it.each<[Cells, string]>([
    [{ Menge: '2,5' }, 'quantity "2,5" is not a whole number'],
    [{ Menge: '0' }, 'quantity "0" is not a whole number other than 0'],
    [{ Menge: '1,000.0' }, 'quantity "1,000.0" is not a whole number'],
    [{ Menge: '3', Summe: '10,00' }, 'line total "10,00" is not 3 times an amount of EUR'],
    [{ Summe: '10.00' }, 'line total "10.00"'],
    [{ Summe: '-10,00' }, 'line total "-10,00"'],
    [{ Summe: '' }, 'line total ""'],
    [{ Status: 'in Arbeit' }, 'status "in Arbeit" is none of the mapping'],
    [{ Kanal: 'Etsy' }, 'channel "Etsy" is none of the mapping'],
    [{ Datum: '31.02.26' }, 'date "31.02.26" is not DD.MM.YY'],
  ])('says why it cannot use %j', (cells, reason) => {
    expect(read(cells)).toEqual(expect.stringContaining(reason));
  });

  it('makes a return of what a named customer gave back, by its sign or by its status', () => {
    const { sales, movements } = plan([{ Menge: '-2' }, { Bestellung: '1002', Status: 'erstattet' }]);
    expect(sales).toEqual([]);
    expect(movements).toMatchObject([
      { kind: 'return', sku: 'MUG', units: 2 },
      { kind: 'return', sku: 'MUG', units: 2 },
    ]);
  });

  it('counts what was cancelled and sells the rest of the order', () => {
    const { sales, others } = plan([{ Status: 'Storniert' }, { Artikel: 'CUP' }]);
    expect(others).toEqual(['cancelled']);
    expect(sales.map(({ lines }) => lines.map(({ sku }) => sku))).toEqual([['CUP']]);
  });

  it('takes one order number on two channels for two orders', () => {
    const { sales } = plan([{}, { Kanal: 'amazon.DE' }, {}]);
    expect(sales.map(({ channel, lines }) => [channel, lines.length])).toEqual([
      ['web-shop', 2],
      ['amazon', 1],
    ]);
  });

  it('sells what costs nothing and names no customer: only books of stock hold corrections', () => {
    const free: Cells = { Summe: '0,00', Kunde: '' };
    expect(plan([free]).sales).toHaveLength(1);
    expect(plan([free], { ...mapping, stockCorrections: true }).movements).toMatchObject([{ kind: 'adjustment' }]);
    const { lineTotal: _, ...columns } = mapping.columns;
    expect(plan([{ Kunde: '' }], { ...mapping, columns }).sales).toMatchObject([{ lines: [{ unitPriceMinor: 0 }] }]);
  });

  it('keeps postage apart', () => {
    expect(plan([{}, { Artikel: 'VERSAND', Menge: '1', Summe: '4,90' }]).others).toEqual(['postage']);
  });
});
