import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { allEvents, eventRegistry } from '#contracts';
import { withRegistry } from '#event-sourcing';
import { PostgresEventStore } from '#event-store-postgres';
import { newId } from '#kernel';
import { loadConfig } from '#platform';
import { column, defineTable, openReadModels, type Projection, ProjectionRunner, type ReadModels } from '#read-models';
import { createTestDatabase, type TestDatabase } from '#testing';
import { openServiceDatabase } from './database/open-database.js';
import { openCoreLog } from './log/open-core-log.js';
import { openSource } from './migrate-store/open-source.js';
import { openTarget } from './migrate-store/open-target.js';
import { runOps } from './ops.js';
import { type MemoryTerminal, memoryTerminal } from './testing/memory-terminal.js';
import { RecordingSystem } from './testing/recording-system.js';

/** Units received per SKU: enough of a view to be rebuilt and compared. */
const receivedUnits: Projection = {
  name: 'received-units',
  version: 1,
  tables: [
    defineTable({
      name: 'received',
      columns: { stream: column.code('Of the SKU'), units: column.integer('Received', 'units') },
      key: ['stream'],
    }),
  ],
  types: ['StockReceived'],
  apply: async (page, tx) => {
    for (const { stream, data } of page) {
      const units = 'units' in data ? data.units : 0;
      await tx.execute(
        'insert into received values ($1, $2) on conflict (stream) do update set units = received.units + excluded.units',
        [stream, units],
      );
    }
  },
};

let database: TestDatabase;
let store: PostgresEventStore;
let readModels: ReadModels;
let system: RecordingSystem;
let dataDir: string;
let terminal: MemoryTerminal;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'ops-'));
  system = await RecordingSystem.start();
  store = await PostgresEventStore.open({ url: database.url, writer: true, holder: 'spec' });
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
  for (const sku of ['A', 'A', 'B']) await receive(sku);
  const runner = new ProjectionRunner(readModels, receivedUnits, withRegistry(store, eventRegistry));
  await runner.prepare();
  runner.start();
  await runner.waitFor(await store.head(), 10_000);
  await runner.stop();
});
afterAll(async () => {
  await readModels.close();
  await store.close();
  await system.stop();
  await database.drop();
  await rm(dataDir, { recursive: true });
});
beforeEach(() => {
  terminal = memoryTerminal();
});

describe('the command line', () => {
  it.each([
    [['--help']],
    [['replay', '--help']],
    [['import', '--help']],
    [['show', '--help']],
    [['rebuild', '--help']],
    [['verify', '--help']],
    [['topics', '--help']],
    [['migrate-store', '--help']],
    [['dead-letters', '--help']],
    [['dead-letters', 'list', '--help']],
    [['dead-letters', 'show', '--help']],
    [['dead-letters', 'replay', '--help']],
    [['dead-letters', 'discard', '--help']],
    [['parked', '--help']],
    [['parked', 'list', '--help']],
    [['parked', 'retry', '--help']],
  ])('answers %j with examples and exit codes', async (args) => {
    expect(await ops(...args)).toBe(0);
    expect(terminal.text()).toContain('npm run ops -- ');
    expect(terminal.text()).toContain('Exit codes:');
  });

  it.each([
    [[], 'Usage: ops'],
    [['nonsense'], "unknown command 'nonsense'"],
    [['replay'], "missing required argument 'file'"],
    [['show', 'stock-A', '--limit', '0'], 'whole number from 1 on'],
    [['show', 'stock-A', '--limit', '1e9'], 'whole number from 1 on'],
    [['rebuild'], 'Say which view to rebuild'],
    [['rebuild', 'nonsense'], 'There are: received-units.'],
    [['replay', 'no-such-file.csv'], 'no-such-file.csv cannot be read'],
    [['import', 'no-such-file.csv'], 'no-such-file.csv cannot be read'],
    [['migrate-store', '--to', 'http://log:2113'], 'The target must be an address such as esdb://host:2113'],
    [['dead-letters', 'discard', 'einklang.stock', 'nowhere'], 'A place is <topic>/<partition>/<offset>'],
    [['dead-letters', 'nonsense'], "unknown command 'nonsense'"],
    [['parked', 'retry'], "missing required argument 'runner'"],
  ])('exits with 2 on %j', async (args, sentence) => {
    expect(await ops(...args)).toBe(2);
    expect(terminal.errors()).toContain(sentence);
  });

  it('shows a stream in words and as JSON, from its start and its end', async () => {
    expect(await ops('show', 'stock-A')).toBe(0);
    expect(terminal.text()).toMatch(/^ {5}0 {2}at 1 .*StockReceived {2}by test\n.*"units":2/);

    terminal = memoryTerminal();
    await ops('show', 'stock-A', '--json', '--last', '1');
    expect(JSON.parse(terminal.text())).toMatchObject({ stream: 'stock-A', revision: 1, type: 'StockReceived' });

    terminal = memoryTerminal();
    await ops('show', 'stock-A', '--json', '--from', '1', '--limit', '5');
    expect(terminal.text().trimEnd().split('\n')).toHaveLength(1);
  });

  it('lists streams by the beginning of their names', async () => {
    await ops('show', '--streams', 'stock-', '--json');
    expect(
      terminal
        .text()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { stream: 'stock-A', revision: 1 },
      { stream: 'stock-B', revision: 0 },
    ]);
  });

  it('exits with 1 where there is nothing to show', async () => {
    expect(await ops('show', 'stock-NONE')).toBe(1);
    expect(await ops('show', '--streams', 'nothing')).toBe(1);
  });

  it('verifies a sound log and finds a view that was changed by hand, until it is rebuilt', async () => {
    expect(await ops('verify')).toBe(0);
    expect(terminal.text()).toContain('view received-units: 2 rows, 0 differences');

    await readModels.execute("update view_received_units.received set units = 99 where stream = 'stock-A'");
    terminal = memoryTerminal();
    expect(await ops('verify')).toBe(1);
    expect(terminal.text()).toContain(
      'received: stored {"units":99,"stream":"stock-A"}, folded again {"units":4,"stream":"stock-A"}',
    );

    expect(await ops('rebuild', 'received-units')).toBe(0);
    expect(await ops('verify')).toBe(0);
  });

  it('counts a channel that cannot be reached as a difference unless told to skip it', async () => {
    const channelCheck = async () => ({
      channels: async () => ['ebay'],
      differences: () => Promise.reject(new Error('It is away.')),
      close: async () => {},
    });
    expect(await ops('verify', { channelCheck })).toBe(1);
    expect(terminal.text()).toContain('channel ebay: not checked: It is away.');
    expect(await ops('verify', '--skip-channels', { channelCheck })).toBe(0);
  });

  it('lists the views', async () => {
    expect(await ops('rebuild', '--list')).toBe(0);
    expect(terminal.text()).toBe('received-units (version 1)\n');
  });

  it('imports the sample catalogue, twice to the same effect', async () => {
    const sample = join(import.meta.dirname, '../samples/catalogue.csv');
    expect(await ops('import', sample)).toBe(0);
    expect(terminal.text()).toContain('3 rows: 3 created, 0 rejected.');
    expect(system.catalog.get('TRAY-1')).toMatchObject({ title: 'Tea tray, beech, 12"' });

    terminal = memoryTerminal();
    expect(await ops('import', sample)).toBe(0);
    expect(terminal.text()).toContain('3 rows: 3 unchanged, 0 rejected.');
  });

  it('writes catalogue rows that were not taken to a file and exits with 1', async () => {
    const file = join(dataDir, 'bad.csv');
    await writeFile(file, 'product_id,product_title,sku,title\nP,P,GOOD,Good\nP,P,,No SKU\nP,P,REFUSED,Refused\n');
    expect(await ops('import', file)).toBe(1);
    expect(await readFile(join(dataDir, 'import', 'bad.csv.rejected.csv'), 'utf8')).toBe(
      'line,reason,text\n3,"sku is empty","P,P,,No SKU"\n4,"wrong-currency: The test\'s system says wrong-currency.","P,P,REFUSED,Refused"\n',
    );
  });
});

function ops(...args: (string | Partial<Parameters<typeof runOps>[1]>)[]) {
  const words = args.filter((arg) => typeof arg === 'string');
  const change = Object.assign({}, ...args.filter((arg) => typeof arg !== 'string'));
  return runOps(words, {
    dataDir,
    mappingsFolder: join(import.meta.dirname, '../mappings'),
    startSystem: async () => ({ httpUrl: system.httpUrl, stop: async () => {} }),
    openLog: () => openCoreLog(loadConfig({ EINKLANG_DATA_DIR: dataDir, DATABASE_URL: database.url })),
    openDatabase: () => openServiceDatabase({ dataDir, databaseUrl: database.url, log: () => {} }),
    openSource: () => openSource({ dataDir, databaseUrl: database.url, holder: 'spec', log: () => {} }),
    openTarget: (url) => openTarget(url, 'spec'),
    openShop: () => Promise.reject(new Error('There is no shop.')),
    projections: async () => [receivedUnits],
    definitions: async () => allEvents,
    channelCheck: async () => ({
      channels: async () => [],
      differences: () => Promise.reject(new Error('There are no channels.')),
      close: async () => {},
    }),
    terminal,
    signal: new AbortController().signal,
    ...change,
  });
}

const receive = (sku: string) =>
  store.append([
    {
      stream: `stock-${sku}`,
      expected: 'any',
      events: [
        {
          id: newId(),
          type: 'StockReceived',
          data: { locationId: 'main', units: 2 },
          metadata: { commandId: newId(), correlationId: 'c', actor: 'test', occurredAt: '2026-01-01T00:00:00.000Z' },
        },
      ],
    },
  ]);
