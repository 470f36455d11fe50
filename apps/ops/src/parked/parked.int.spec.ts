import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openReadModels, parkedEvents, type ReadModels } from '#read-models';
import { createTestDatabase, type TestDatabase } from '#testing';
import { EXIT } from '../command.js';
import { type MemoryTerminal, memoryTerminal } from '../testing/memory-terminal.js';
import { runCommand } from '../testing/run-command.js';
import { parkedCommand } from './parked.command.js';

const RUNNER = 'when-an-order-changes-follow-with-stock';

describe('ops parked', () => {
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
  beforeEach(async () => {
    terminal = memoryTerminal();
    await readModels.execute('delete from read_models.parked');
    await park(RUNNER, 12, 'order-1', 8);
    await park(RUNNER, 30, 'order-1', 0);
    await park(RUNNER, 17, 'order-2', 8);
    await park('another', 3, 'order-1', 8);
  });

  it('lists in words, in the order of the log per reaction', async () => {
    expect(await run('list')).toBe(EXIT.ok);
    expect(terminal.text().match(/^\S+ \d+/gm)).toEqual(['another 3', `${RUNNER} 12`, `${RUNNER} 17`, `${RUNNER} 30`]);
    terminal = memoryTerminal();
    await run('list', '--runner', 'another');
    expect(terminal.text()).toMatch(
      /^another 3 {2}SaleRecorded of order-1\n {8}8 attempts, parked \S+Z: It went wrong\.\n$/,
    );
  });

  it('lists as JSON, and says when there are more', async () => {
    await run('list', '--json', '--limit', '1');
    expect(JSON.parse(terminal.text())).toMatchObject({ runner: 'another', position: 3, retry: false });
    expect(terminal.errors()).toBe('There are more than 1; --limit shows more.\n');
  });

  it('says when nothing is parked', async () => {
    expect(await run('list', '--runner', 'nobody')).toBe(EXIT.ok);
    expect([terminal.text(), terminal.errors()]).toEqual(['', 'Nothing is parked.\n']);
  });

  it('marks those of one stream, or all of a reaction, to be tried again', async () => {
    expect(await run('retry', RUNNER, '--stream', 'order-1')).toBe(EXIT.ok);
    expect(terminal.text()).toBe(`2 will be tried again by the process at work on ${RUNNER}.\n`);
    expect(await positionsToRetry()).toEqual([12, 30]);
    await run('retry', RUNNER);
    expect(await positionsToRetry()).toEqual([12, 17, 30]);
  });

  it('exits with 1 where nothing is to be tried again', async () => {
    expect(await run('retry', RUNNER, '--stream', 'order-3')).toBe(EXIT.failed);
    expect(terminal.text()).toBe(`${RUNNER} has parked nothing of order-3.\n`);
  });

  it('skips one event, or all of a stream, and goes on listing them', async () => {
    expect(await run('skip', RUNNER, '12')).toBe(EXIT.ok);
    expect(terminal.text()).toBe(`${RUNNER} does without 1 from now on, and so do its rebuilds.\n`);
    expect(await positionsSkipped()).toEqual([12]);
    await run('skip', RUNNER, 'order-1');
    expect(await positionsSkipped()).toEqual([12, 30]);
    terminal = memoryTerminal();
    await run('list', '--runner', RUNNER);
    expect(terminal.text().match(/, skipped \S+Z: /g)).toHaveLength(2);
    await run('retry', RUNNER);
    expect(await positionsToRetry()).toEqual([17]);
  });

  it('exits with 1 where there is nothing to skip', async () => {
    expect(await run('skip', RUNNER, '4711')).toBe(EXIT.failed);
    expect(await run('skip', RUNNER, 'order-3')).toBe(EXIT.failed);
    expect(terminal.text()).toBe(`${RUNNER} has nothing parked at 4711.\n${RUNNER} has nothing parked at order-3.\n`);
  });

  const positionsSkipped = async () =>
    (await parkedEvents(readModels)).filter(({ skippedAt }) => skippedAt).map(({ position }) => position);

  const positionsToRetry = async () =>
    (await parkedEvents(readModels)).filter(({ retry }) => retry).map(({ position }) => position);

  function run(...args: string[]) {
    const openDatabase = async () => ({ url: database.url, readModels, close: async () => {} });
    return runCommand(parkedCommand, { openDatabase, terminal }, args);
  }

  const park = (runner: string, position: number, stream: string, attempts: number) =>
    readModels.execute(
      `insert into read_models.parked (runner, position, stream, type, error, attempts)
       values ($1, $2, $3, 'SaleRecorded', 'It went wrong.', $4)`,
      [runner, position, stream, attempts],
    );
});
