import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createMessagingTables, deadLetters } from '#messaging';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, type TestDatabase } from '#testing';
import { EXIT } from '../command.js';
import { type MemoryTerminal, memoryTerminal } from '../testing/memory-terminal.js';
import { runCommand } from '../testing/run-command.js';
import { deadLettersCommand } from './dead-letters.command.js';

const CONSUMER = 'einklang.stock';

let database: TestDatabase;
let readModels: ReadModels;
let terminal: MemoryTerminal;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 2 });
});
afterAll(async () => {
  await readModels.close();
  await database.drop();
});
beforeEach(() => {
  terminal = memoryTerminal();
});

describe('ops dead-letters on a database without consumers', () => {
  it('finds none', async () => {
    expect(await run('list')).toBe(EXIT.ok);
    expect(terminal.errors()).toBe('There are no dead letters.\n');
    expect(await run('replay', CONSUMER)).toBe(EXIT.failed);
    expect(await run('discard', CONSUMER, 'events/0/1')).toBe(EXIT.failed);
    expect(await run('show', CONSUMER, 'events/0/1')).toBe(EXIT.failed);
  });
});

describe('ops dead-letters', () => {
  beforeAll(() => createMessagingTables(readModels));
  beforeEach(async () => {
    await readModels.execute('delete from messaging.parked');
    await park(CONSUMER, 7, 'stock-A', 'It has no such line.', 8);
    await park(CONSUMER, 9, 'stock-A', 'waits behind an earlier message of its key', 0);
    await park(CONSUMER, 8, 'stock-B', 'It has no such line.', 8);
    await park('einklang.orders', 1, 'stock-A', 'Another one.', 1);
  });

  it('lists in words, by consumer and key', async () => {
    expect(await run('list')).toBe(EXIT.ok);
    expect(terminal.text().match(/stock\.events\/3\/\d/g)).toHaveLength(4);
    terminal = memoryTerminal();
    await run('list', '--consumer', CONSUMER, '--key', 'stock-A');
    expect(terminal.text()).toMatch(
      /^einklang\.stock stock\.events\/3\/7 {2}StockReceived of stock-A\n {8}8 attempts, parked \S+Z: It has no such line\.\neinklang\.stock stock\.events\/3\/9 .*\n.*\n$/,
    );
  });

  it('lists as JSON, and says when there are more', async () => {
    await run('list', '--json', '--limit', '3');
    const lines = terminal.text().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).offset)).toEqual([1, 7, 8]);
    expect(terminal.errors()).toBe('There are more than 3; --limit shows more.\n');
  });

  it('shows one with its headers and its value', async () => {
    expect(await run('show', CONSUMER, 'stock.events/3/7')).toBe(EXIT.ok);
    expect(terminal.text()).toContain('\n        ce_type: StockReceived\n        {"units":3,"note":"ä"}\n');
    terminal = memoryTerminal();
    await run('show', CONSUMER, 'stock.events/3/7', '--json');
    expect(JSON.parse(terminal.text())).toMatchObject({ offset: 7, headers: { ce_type: 'StockReceived' } });
  });

  it('marks those of one key, or all of a consumer, to be tried again', async () => {
    expect(await run('replay', CONSUMER, '--key', 'stock-A')).toBe(EXIT.ok);
    expect(terminal.text()).toMatch(/^2 will be tried again/);
    expect(await offsetsToRetry()).toEqual([7, 9]);
    await run('replay', CONSUMER);
    expect(await offsetsToRetry()).toEqual([7, 8, 9]);
  });

  it('discards one for good', async () => {
    expect(await run('discard', CONSUMER, 'stock.events/3/7')).toBe(EXIT.ok);
    expect(await deadLetters(readModels, { consumer: CONSUMER })).toHaveLength(2);
    expect(await run('discard', CONSUMER, 'stock.events/3/7')).toBe(EXIT.failed);
    expect(terminal.errors()).toBe('einklang.stock has parked nothing at stock.events/3/7.\n');
  });

  it('exits with 1 where nothing is to be replayed', async () => {
    expect(await run('replay', 'einklang.other')).toBe(EXIT.failed);
    expect(terminal.text()).toBe('einklang.other has parked nothing.\n');
  });

  it.each(['stock.events', 'stock.events/3', 'stock.events/x/7', 'stock.events/3/7/8', ''])(
    'takes no place like %j',
    async (place) => {
      await expect(run('discard', CONSUMER, place)).rejects.toMatchObject({ name: 'UsageError' });
      expect(await deadLetters(readModels, {})).toHaveLength(4);
    },
  );

  const offsetsToRetry = async () =>
    (await deadLetters(readModels)).filter(({ retry }) => retry).map(({ offset }) => offset);
});

function run(...args: string[]) {
  const openDatabase = async () => ({ url: database.url, readModels, close: async () => {} });
  return runCommand(deadLettersCommand, { openDatabase, terminal }, args);
}

const park = (consumer: string, offset: number, key: string, error: string, attempts: number) =>
  readModels.execute(
    `insert into messaging.parked (consumer, topic, partition, "offset", key, type, headers, value, error, attempts)
     values ($1, 'stock.events', 3, $2, $3, 'StockReceived', '{"ce_type":"StockReceived"}', $4, $5, $6)`,
    [consumer, offset, key, Buffer.from('{"units":3,"note":"ä"}'), error, attempts],
  );
