import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { memoryTerminal } from '../testing/memory-terminal.js';
import { RecordingSystem } from '../testing/recording-system.js';
import { salesCsv } from '../testing/sales-csv.js';
import { type ReplayOptions, type ReplayResult, replay } from './replay.js';
import { MAX_SALES_PER_STEP } from './steps.js';

const mappingsFolder = join(import.meta.dirname, '../../mappings');
const excerpt = salesCsv({ rows: 20_000, seed: 7 });
const WITH_CHANNELS = { channels: true };
const realFile =
  process.env.EINKLANG_REPLAY_FILE ??
  join(import.meta.dirname, '../../../../../shared/data/uci-online-retail/online-retail.csv.zst');

/** Half a million rows, on a machine that is busy with other specs. */
const WHOLE_FILE_TIMEOUT_MS = 240_000;

const SHOP_URL = 'http://127.0.0.1:9';

let dataDir: string;
let file: string;
let system: RecordingSystem;
let stop: AbortController;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'replay-'));
  file = join(dataDir, 'sales.csv');
  await writeFile(file, excerpt);
  system = await RecordingSystem.start();
  stop = new AbortController();
});
afterEach(async () => {
  await system.stop();
  await rm(dataDir, { recursive: true });
});

describe('replaying a sales file', () => {
  it(
    'brings what an independent count of the file says',
    async () => {
      const path = existsSync(realFile) ? realFile : file;
      const expected = await countIndependently(path);
      const { outcome, totals } = await run({ file: path });

      expect(outcome).toBe('replayed');
      expect(recorded()).toEqual(expected.sent);
      expect({ saleLines: totals.saleLines, otherLines: totals.otherLineCount, rejected: totals.rejectedRows }).toEqual(
        {
          saleLines: expected.sent.saleLines,
          otherLines: expected.otherLines,
          rejected: expected.rejected,
        },
      );
    },
    WHOLE_FILE_TIMEOUT_MS,
  );

  it('spreads the sales over five channels, and no sale has lost a line', async () => {
    const { totals } = await run();
    expect([...system.supplyMaps].sort()).toEqual(['amazon', 'ebay', 'etsy', 'till', 'web-shop']);
    for (const [channel, { sales, lines, units }] of totals.channels) {
      const taken = [...system.sales.values()].filter((sale) => sale.channel === channel);
      expect(taken).toHaveLength(sales);
      expect(taken.reduce((sum, sale) => sum + sale.lines.length, 0)).toBe(lines);
      expect(taken.reduce((sum, sale) => sum + sale.lines.reduce((all, line) => all + line.units, 0), 0)).toBe(units);
    }
  });

  it('registers the channels where the shop is, every SKU listed, and waits until they took all numbers', async () => {
    system.waiting.set('ebay', 3);
    const terminal = memoryTerminal();
    const { items, totals } = await run({ ...WITH_CHANNELS, terminal });
    expect([...system.channels].sort()).toEqual(
      ['amazon', 'ebay', 'etsy', 'till', 'web-shop'].map((channel) => [channel, SHOP_URL]),
    );
    for (const listed of system.listings.values()) expect(listed.size).toBe(items.length);
    expect(system.waiting.get('ebay')).toBe(0);
    const sales = totals.sales.toLocaleString('en-GB');
    expect(terminal.text()).toContain(`${sales} ebay             in 0 requests; lag p50 100 ms, p99 982 ms`);
  });

  it('leaves channels alone when told to, and a system without a shop when not', async () => {
    const startSystem = async () => ({ httpUrl: system.httpUrl, stop: async () => {} });
    await expect(run({ ...WITH_CHANNELS, startSystem })).rejects.toThrow('runs without the simulated shop');
    expect(system.sales.size).toBe(0);
    expect((await run({ startSystem })).outcome).toBe('replayed');
    expect(system.channels.size).toBe(0);
  });

  it('books the opening stock, and lets the chosen SKUs run short', async () => {
    const { items } = await run();
    const sold = new Map<string, number>();
    for (const { lines } of system.sales.values())
      for (const { sku, units } of lines) if (sku) sold.set(sku, (sold.get(sku) ?? 0) + units);
    const short = items.filter(({ sku }) => (system.onHand.get(sku) ?? 0) < (sold.get(sku) ?? 0));
    expect(short.length).toBeGreaterThan(0);
    expect(short.every(({ runsShort }) => runsShort)).toBe(true);
    expect(system.catalog.size).toBe(items.length);
  });

  it('sends nothing when it was replayed before, and changes nothing when told to send it again', async () => {
    await run();
    const before = recorded();
    const requests = system.requests.length;

    expect((await run()).outcome).toBe('already-replayed');
    expect(system.requests.slice(requests).filter((request) => request.startsWith('POST'))).toEqual([]);

    const again = await run({ again: true });
    expect(again.outcome).toBe('replayed');
    expect(again.answers['sales repeated']).toBe(system.sales.size);
    expect(again.answers['sales recorded']).toBeUndefined();
    expect(again.answers['movements recorded']).toBeUndefined();
    expect(recorded()).toEqual(before);
  });

  it('says so when a system that has forgotten something takes it a second time', async () => {
    await run();
    const movement = [...system.movements.values()].find(({ kind }) => kind === 'return');
    system.movements.delete(movement?.commandId ?? '');
    expect((await run({ again: true })).outcome).toBe('changed');
  });

  it('knows the same content in another packing', async () => {
    await run();
    const packed = join(dataDir, 'sales.csv.gz');
    await writeFile(packed, gzipSync(excerpt));
    expect((await run({ file: packed })).outcome).toBe('already-replayed');
  });

  it('stops after the requests in flight, and goes on from there', async () => {
    const whole = await totalsOfAnUndisturbedRun();
    let posts = 0;
    system.onRequest = (request) => {
      if (request === 'POST /v1/channel-sales/bulk' && ++posts === 2) stop.abort();
    };
    expect((await run()).outcome).toBe('stopped');
    const stoppedAt = system.sales.size;
    expect(stoppedAt).toBeGreaterThan(0);
    expect(stoppedAt).toBeLessThan(whole.sales);

    stop = new AbortController();
    const requests = system.requests.length;
    const { outcome, answers } = await run();
    expect(outcome).toBe('replayed');
    expect(system.requests.slice(requests)).not.toContain('POST /v1/catalog/import');
    expect(answers['sales recorded']).toBe(whole.sales);
    expect(answers['sales repeated']).toBeUndefined();
    expect(recorded()).toEqual(whole);
  });

  it('sends a step again whose answer was lost, and changes nothing twice', async () => {
    const whole = await totalsOfAnUndisturbedRun();
    let posts = 0;
    system.answerWith = (request) => (request === 'POST /v1/channel-sales/bulk' && ++posts === 2 ? 500 : undefined);
    await expect(run()).rejects.toThrow('was answered 500 (told-to)');
    const { answers } = await run();
    expect(recorded()).toEqual(whole);
    expect(answers['sales repeated']).toBeGreaterThanOrEqual(MAX_SALES_PER_STEP);
  });

  it('waits and sends again what the system has no room for', async () => {
    const whole = await totalsOfAnUndisturbedRun();
    let posts = 0;
    system.answerWith = (request) => (request.startsWith('POST') && ++posts % 5 === 0 ? 429 : undefined);
    await run();
    expect(recorded()).toEqual(whole);
  });

  it('begins again on a log that knows nothing of it', async () => {
    await run();
    const other = await RecordingSystem.start();
    const first = system;
    system = other;
    await first.stop();
    expect((await run()).outcome).toBe('replayed');
    expect(system.sales.size).toBeGreaterThan(0);
  });

  it('writes bad rows with line and reason, the same after a stop', async () => {
    const { totals } = await run();
    const rejected = (await readFile(join(dataDir, 'replay', 'sales.csv.rejected.csv'), 'utf8')).trimEnd().split('\n');
    expect(rejected[0]).toBe('line,reason,text');
    expect(rejected).toHaveLength(totals.rejectedRows + 1);
    const lines = excerpt.split('\n');
    for (const each of rejected.slice(1)) {
      const [, line = '', text = ''] = /^(\d+),".*","(.*)"$/.exec(each) ?? [];
      expect(text.replaceAll('""', '"')).toBe(lines[Number(line) - 1]);
    }
  });

  it('tells what the system refuses, entry by entry', async () => {
    system.onRequest = (request) => {
      if (request === 'POST /v1/channel-sales/bulk') system.supplyMaps.delete('etsy');
    };
    const { refused, totals, answers } = await run();
    expect(refused).toBe(totals.channels.get('etsy')?.sales);
    expect(answers['sales refused']).toBe(refused);
    const file = await readFile(join(dataDir, 'replay', 'sales.csv.refused.csv'), 'utf8');
    expect(file.trimEnd().split('\n')).toHaveLength(refused + 1);
    expect(file).toContain('unknown-channel');
  });

  it('leaves nothing behind but its cursor and its result files', async () => {
    await run();
    expect((await readdir(join(dataDir, 'replay'))).sort()).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}\.json$/),
      'sales.csv.rejected.csv',
    ]);
  });
});

function run(change: Partial<ReplayOptions> = {}): Promise<ReplayResult> {
  const startSystem = async () => ({ httpUrl: system.httpUrl, shopUrl: SHOP_URL, stop: async () => {} });
  return replay({
    dataDir,
    file,
    mappingsFolder,
    again: false,
    channels: false,
    openShop: async () => system.shop,
    startSystem,
    terminal: memoryTerminal(),
    signal: stop.signal,
    ...change,
  });
}

/** What the system holds, opening stock left out. */
function recorded() {
  const sales = [...system.sales.values()];
  const movements = [...system.movements.values()];
  const lines = sales.flatMap((sale) => sale.lines);
  const unitsOf = (kind: string): number =>
    movements.reduce((sum, line) => sum + (line.kind === kind ? line.units : 0), 0);
  return {
    sales: sales.length,
    saleLines: lines.length,
    unitsSold: lines.reduce((sum, line) => sum + line.units, 0),
    takingsMinor: lines.reduce((sum, line) => sum + line.units * line.unitPriceMinor, 0),
    returns: movements.filter(({ kind }) => kind === 'return').length,
    unitsReturned: unitsOf('return'),
    adjustments: movements.filter(({ kind }) => kind === 'adjustment').length,
    unitsAdjusted: unitsOf('adjustment'),
  };
}

async function totalsOfAnUndisturbedRun() {
  const mine = system;
  const myDataDir = dataDir;
  system = await RecordingSystem.start();
  dataDir = await mkdtemp(join(tmpdir(), 'replay-'));
  await run();
  const totals = recorded();
  await system.stop();
  await rm(dataDir, { recursive: true });
  [system, dataDir] = [mine, myDataDir];
  return totals;
}

/** Counts the file without any of the replay's code: the rules of the README once more, in the plainest way. */
async function countIndependently(path: string) {
  const sent = {
    sales: 0,
    saleLines: 0,
    unitsSold: 0,
    takingsMinor: 0,
    returns: 0,
    unitsReturned: 0,
    adjustments: 0,
    unitsAdjusted: 0,
  };
  const invoices = new Map<string, { units: number; pence: number }[]>();
  const guests = new Set<string>();
  const charged = new Set<string>();
  let [otherLines, rejected] = [0, 0];
  const bytes = await readFile(path);
  const [, ...lines] = (path.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes).toString().trimEnd().split('\n');
  for (const line of lines) {
    const fields = line.includes('"') ? (parse(line)[0] ?? []) : line.split(',');
    const [invoice = '', code = '', , quantity = '', date = '', price = '', customer = ''] = fields;
    const units = Number(quantity);
    const isGoods = /^(\d{5}[a-z]{0,2}|DCGS.+)$/i.test(code) && code !== '23444' && code !== '23702';
    const isKnown =
      isGoods || /^(POST|DOT|C2|23444|D|M|S|B|AMAZONFEE|BANK CHARGES|CRUK|PADS|23702|gift_0001_\d0)$/i.test(code);
    const isDate = new Date(`${date.replace(' ', 'T')}Z`).toJSON()?.slice(0, 10) === date.slice(0, 10);
    const isGood =
      fields.length === 8 &&
      isKnown &&
      Number.isInteger(units) &&
      Math.abs(units) < 1e9 &&
      isDate &&
      (!isGoods || Number(price) >= 0);
    if (isGood && Number(price) > 0) charged.add(invoice);
    if (!isGood) rejected += 1;
    else if (!isGoods) otherLines += 1;
    else if (invoice.startsWith('C')) {
      sent.returns += 1;
      sent.unitsReturned -= units;
    } else {
      invoices.set(invoice, [...(invoices.get(invoice) ?? []), { units, pence: Math.round(Number(price) * 100) }]);
      if (customer === '') guests.add(invoice);
    }
  }
  for (const [invoice, ordered] of invoices) {
    const isCorrection = guests.has(invoice) && !charged.has(invoice);
    const sold = ordered.filter(({ units }) => units > 0 && !isCorrection);
    sent.sales += Math.ceil(sold.length / 1_000);
    sent.saleLines += sold.length;
    sent.adjustments += ordered.length - sold.length;
    for (const { units, pence } of ordered) {
      if (units < 0 || isCorrection) sent.unitsAdjusted += units;
      else {
        sent.unitsSold += units;
        sent.takingsMinor += units * pence;
      }
    }
  }
  return { sent, otherLines, rejected };
}
