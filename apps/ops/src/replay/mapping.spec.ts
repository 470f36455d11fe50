import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chooseMapping, loadMapping } from './mapping.js';

const shipped = join(import.meta.dirname, '../../mappings');
const uciHeader = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'.split(',');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mapping-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('column mappings', () => {
  it('finds the one for the UCI file by its header, whatever the order of the columns', async () => {
    expect((await chooseMapping(shipped, uciHeader.toReversed())).name).toBe('uci-online-retail');
  });

  it('says which header none fits', async () => {
    await expect(chooseMapping(shipped, ['a', 'b'])).rejects.toThrow('fits the header "a,b"');
  });

  it('asks when two fit', async () => {
    await writeMapping('one.json', { name: 'one' });
    await writeMapping('two.json', { name: 'two' });
    await expect(chooseMapping(folder, ['no', 'code', 'count', 'day', 'price'])).rejects.toThrow(
      'several mappings (one, two)',
    );
  });

  it.each([
    ['an unknown entry', { colour: 'red' }, 'colour'],
    [
      'a time zone that is none',
      { date: { format: 'YYYY-MM-DD', timeZone: 'Mars/North' } },
      'date.timeZone is not an IANA time zone',
    ],
    [
      'a date without a year',
      { date: { format: 'DD.MM.', timeZone: 'UTC' } },
      'date.format needs YYYY (or YY), MM and DD',
    ],
    ['a broken pattern', { goods: '(' }, 'goods is not a regular expression'],
    ['no channel', { channels: [] }, 'channels'],
    [
      'only channels of some countries',
      { channels: [{ channel: 'till', weight: 1, countries: ['UK'] }] },
      'channels needs a channel that takes every country',
    ],
  ])('refuses %s', async (_name, change, sentence) => {
    const path = await writeMapping('bad.json', change);
    await expect(loadMapping(path)).rejects.toThrow(sentence);
    await rm(path);
  });

  it('refuses what is not JSON', async () => {
    await expect(loadMapping(import.meta.filename)).rejects.toThrow('cannot be read as JSON');
  });
});

async function writeMapping(file: string, change: object): Promise<string> {
  const path = join(folder, file);
  await writeFile(
    path,
    JSON.stringify({
      name: 'small',
      currency: 'EUR',
      location: { locationId: 'main', name: 'Main' },
      columns: { invoice: 'no', sku: 'code', quantity: 'count', date: 'day', unitPrice: 'price' },
      date: { format: 'YYYY-MM-DD', timeZone: 'UTC' },
      channels: [{ channel: 'shop', weight: 1 }],
      ...change,
    }),
  );
  return path;
}
