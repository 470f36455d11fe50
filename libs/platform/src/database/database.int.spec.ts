import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { StartupError } from '../startup-error.js';
import { type Database, openDatabase, startDatabaseAhead } from './open-database.js';

const log = (): void => {};

describe('the embedded database', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), `einklang-test-${process.pid}-database-`));
  });
  afterAll(() => rm(dataDir, { recursive: true }));

  it('sets itself up durable, in UTF-8 and for this machine only, and stops when closed', async () => {
    const database = await openDatabase({ dataDir, log });
    expect(database.owned).toBe(true);
    const settings = await query(
      database.url,
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('server_encoding') as encoding,
              current_setting('listen_addresses') as addresses, current_setting('shared_buffers') as buffers,
              (select datcollate from pg_database where datname = current_database()) as collation`,
    );
    expect(settings).toEqual([
      { fsync: 'on', commit: 'on', encoding: 'UTF8', addresses: '127.0.0.1', buffers: '64MB', collation: 'C' },
    ]);
    expect((await stat(join(dataDir, 'postgres.password'))).mode & 0o777).toBe(0o600);
    await database.close();
    await expectStopped(database.url);
  });

  it('is shared by all who open it, and stopped by the last one', async () => {
    const shared = join(dataDir, 'shared');
    const open = (): Promise<Database> => openDatabase({ dataDir: shared, log });
    const [first, second, third] = await Promise.all([open(), open(), open()]);
    expect([second.url, third.url]).toEqual([first.url, first.url]);
    await first.close();
    await second.close();
    expect(await query(third.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await third.close();
    await expectStopped(first.url);
  });

  it('is stopped by one of two that close at the same moment', async () => {
    const [first, second] = await Promise.all([openDatabase({ dataDir, log }), openDatabase({ dataDir, log })]);
    await Promise.all([first.close(), second.close()]);
    await expectStopped(first.url);
  });

  it('is left running for a program that is still connected', async () => {
    const database = await openDatabase({ dataDir, log });
    const analyst = new Client({ connectionString: database.url });
    await analyst.connect();
    await database.close();
    expect((await analyst.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await analyst.end();
    const again = await openDatabase({ dataDir, log });
    await again.close();
    await expectStopped(again.url);
  });

  it('starts again at the same address when it was killed, with what was committed', async () => {
    const database = await openDatabase({ dataDir, log });
    await query(database.url, 'create table kept as select 42 as answer');
    await database.detach();
    await killServer(dataDir);
    const again = await openDatabase({ dataDir, log });
    expect(again.url).toBe(database.url);
    expect(await query(again.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await again.close();
  });

  it('is found by who opens it while it starts ahead, at the same address', async () => {
    const database = await openDatabase({ dataDir, log });
    await database.detach();
    const killed = await serverPid(dataDir);
    await killServer(dataDir);
    // It takes the killed one for a living one until that is gone, and the new one needs a moment to write its number down.
    do await startDatabaseAhead({ dataDir });
    while ([killed, 0].includes(await serverPid(dataDir).catch(() => 0)));
    const lines: string[] = [];
    const again = await openDatabase({ dataDir, log: (line) => lines.push(line) });
    expect(lines).toEqual([]);
    expect(again.url).toBe(database.url);
    await startDatabaseAhead({ dataDir });
    expect(await query(again.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await again.close();
    await expectStopped(again.url);
  });

  it('is not started ahead where it was never set up, or by another PostgreSQL, or is not wanted', async () => {
    const nowhere = join(dataDir, 'nowhere');
    await startDatabaseAhead({ dataDir: nowhere });
    await expect(stat(nowhere)).rejects.toMatchObject({ code: 'ENOENT' });
    await (await openDatabase({ dataDir, log })).close();
    await startDatabaseAhead({ dataDir, databaseUrl: 'postgres://127.0.0.1:1/none' });
    await withContent(join(dataDir, 'postgres', 'PG_VERSION'), '13\n', () => startDatabaseAhead({ dataDir }));
    await expect(stat(join(dataDir, 'postgres', 'postmaster.pid'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is brought back at the same address when it is killed while in use', async () => {
    const started: (() => void)[] = [];
    const database = await openDatabase({
      dataDir,
      log: (message) => message.startsWith('Started') && started.pop()?.(),
    });
    const back = new Promise<void>((resolve) => started.push(resolve));
    await killServer(dataDir);
    await back;
    expect(await query(database.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await database.close();
    await expectStopped(database.url);
  });

  it('is brought back as soon as it can be, where it cannot start at first', async () => {
    const messages: string[] = [];
    let told = Promise.withResolvers<void>();
    const database = await openDatabase({
      dataDir,
      log: (message) => {
        messages.push(message);
        if (/^(It did not come back|Started)/.test(message)) told.resolve();
      },
    });
    told = Promise.withResolvers<void>();
    await withContent(join(dataDir, 'postgres', 'PG_VERSION'), '13\n', async () => {
      await killServer(dataDir);
      await told.promise;
      expect(messages.at(-1)).toMatch(/did not come back/);
      told = Promise.withResolvers<void>();
    });
    await told.promise;
    expect(await query(database.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await database.close();
  });

  it('takes another port when its own is in use', async () => {
    const first = await openDatabase({ dataDir, log });
    await first.close();
    const blocker = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const second = await openDatabase({ dataDir, log });
    expect(second.url).not.toBe(first.url);
    await second.close();
    blocker.close();
  });

  it('waits where another one has made the lock and not written into it yet', async () => {
    await (await openDatabase({ dataDir, log })).close();
    const lock = join(dataDir, 'postgres', 'postmaster.pid');
    const serverLog = join(dataDir, 'postgres', 'server.log');
    await writeFile(lock, '');
    const opening = openDatabase({ dataDir, log });
    // Each attempt to start removes the log of the one before: the second comes after the first was refused.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await writeFile(serverLog, '');
      await expect(untilItFails(() => stat(serverLog))).rejects.toMatchObject({ code: 'ENOENT' });
    }
    await rm(lock);
    const database = await opening;
    await database.close();
    await expectStopped(database.url);
  });

  it('starts over the lock of a dead server whose number now belongs to another process', async () => {
    await (await openDatabase({ dataDir, log })).close();
    const lock = join(dataDir, 'postgres', 'postmaster.pid');
    await writeFile(lock, [process.ppid, '/elsewhere', '1', '5432', '', '127.0.0.1', '', 'ready', ''].join('\n'));
    const database = await openDatabase({ dataDir, log });
    await database.close();
    await expectStopped(database.url);
  });

  it('refuses the data directory of another major version', async () => {
    await (await openDatabase({ dataDir, log })).close();
    await withContent(join(dataDir, 'postgres', 'PG_VERSION'), '13\n', () =>
      expectStartupError(openDatabase({ dataDir, log }), /made by PostgreSQL 13 and this is PostgreSQL \d+/),
    );
  });

  it('refuses a data directory that is a file', async () => {
    await writeFile(join(dataDir, 'file'), '');
    await expectStartupError(openDatabase({ dataDir: join(dataDir, 'file'), log }), /is a file, or lies below one/);
  });

  it('refuses a password file that does not belong to the data', async () => {
    await (await openDatabase({ dataDir, log })).close();
    await withContent(join(dataDir, 'postgres.password'), 'another', () =>
      expectStartupError(openDatabase({ dataDir, log }), /password file/),
    );
    await (await openDatabase({ dataDir, log })).close();
  });

  it('works in a folder that other users cannot enter', async () => {
    const closed = join(dataDir, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const database = await openDatabase({ dataDir: join(closed, 'data'), log });
    expect(await query(database.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await database.close();
  });

  it('gives way to a database of others, which it neither starts nor stops', async () => {
    const theirs = await openDatabase({ dataDir, log });
    const ours = join(dataDir, 'ours');
    const database = await openDatabase({ dataDir: ours, databaseUrl: theirs.url, log });
    expect([database.url, database.owned]).toEqual([theirs.url, false]);
    await database.close();
    expect(await query(theirs.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await expect(stat(ours)).rejects.toMatchObject({ code: 'ENOENT' });
    await theirs.close();
  });

  it('says where it cannot connect, and does not print the password', async () => {
    const theirs = await openDatabase({ dataDir, log });
    const url = new URL(theirs.url);
    url.password = 'guessed';
    const attempt = openDatabase({ dataDir, databaseUrl: url.href, log });
    await expectStartupError(
      attempt,
      /^StartupError: No connection to the database at 127\.0\.0\.1:\d+\/postgres: password authentication failed/,
    );
    await theirs.close();
  });
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

const expectStopped = (url: string): Promise<void> =>
  expect(query(url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });

async function expectStartupError(opening: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await opening.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartupError);
  expect(String(error)).toMatch(message);
}

/** Repeats it for as long as it succeeds, and throws what it failed with. */
async function untilItFails(work: () => Promise<unknown>): Promise<never> {
  for (;;) await work();
}

async function serverPid(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

async function killServer(dataDir: string): Promise<void> {
  process.kill(await serverPid(dataDir), 'SIGKILL');
}

async function withContent(file: string, content: string, act: () => Promise<void>): Promise<void> {
  const before = await readFile(file);
  await writeFile(file, content);
  await act();
  await writeFile(file, before);
}
