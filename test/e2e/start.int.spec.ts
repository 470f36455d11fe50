import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Installation, type RunningSystem } from './support/installation.js';

describe('a start that cannot succeed says why in one sentence and exits with 1', () => {
  let installation: Installation;
  let system: RunningSystem;
  let blocker: Server;

  beforeAll(async () => {
    installation = await Installation.createEmpty();
    system = await installation.start();
    blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    blocker?.close();
    await installation?.remove();
  });

  const quiet = { EINKLANG_LOG_LEVEL: 'warn' };

  it('where another process works on the data directory', async () => {
    expect(await installation.startInVain(quiet)).toEqual({
      exitCode: 1,
      output: expect.stringMatching(/^[^\n]*standalone on \S+, process \d+[^\n]*\.$/),
    });
    expect((await system.api.send('GET', '/health/ready')).status).toBe(200);
  });

  it.each([
    [{ EINKLANG_HTTP_PORT: '99999' }, /^EINKLANG_HTTP_PORT must be a port number from 0 to 65535[^\n]*\.$/],
    [{ EINKLANG_HASH_KEY: 'short' }, /^EINKLANG_HASH_KEY must be a secret of at least 32 characters\.$/],
    [{ EINKLANG_LOG_LEVEL: 'loud' }, /^EINKLANG_LOG_LEVEL must be one of [^\n]*, not "loud"\.$/],
    [{ EINKLANG_HASHKEY: 'x' }, /^EINKLANG_HASHKEY is no setting\. Did you mean EINKLANG_HASH_KEY\?$/],
    [{ DATABASE_URL: 'mysql://there' }, /^DATABASE_URL must be an address such as postgres:[^\n]*\.$/],
  ])('with %j', async (environment, sentence) => {
    const { exitCode, output } = await installation.startInVain({ ...quiet, ...environment });
    expect(output).toMatch(sentence);
    expect(exitCode).toBe(1);
  });

  it.each([
    ['HTTP', 'EINKLANG_HTTP_PORT'],
    ['gRPC', 'EINKLANG_GRPC_PORT'],
  ])('where the %s port is in use, and leaves nothing running', async (_, variable) => {
    await system.stop();
    const { port } = blocker.address() as AddressInfo;
    const { exitCode, output } = await installation.startInVain({ ...quiet, [variable]: String(port) });
    expect(output).toMatch(new RegExp(`^[^\\n]*ort ${port} is in use[^\\n]*${variable}[^\\n]*\\.$`));
    expect(exitCode).toBe(1);
    await expect(installation.databaseUrl()).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('where the hash key is lost, until it is restored', async () => {
    const file = join(installation.dataDir, 'hash-key');
    const key = await readFile(file, 'utf8');
    await rm(file);
    const { exitCode, output } = await installation.startInVain(quiet);
    expect(output).toMatch(/^[^\n]*hash-key is missing[^\n]*Restore it from a backup[^\n]*\.$/);
    expect(exitCode).toBe(1);
    await writeFile(file, key, { mode: 0o600 });
    system = await installation.start();
  });

  it('where the data was made by another PostgreSQL', async () => {
    await system.stop();
    const file = join(installation.dataDir, 'postgres', 'PG_VERSION');
    const before = await readFile(file, 'utf8');
    await writeFile(file, '13\n');
    const { exitCode, output } = await installation.startInVain(quiet);
    expect(output).toMatch(/^[^\n]*made by PostgreSQL 13 and this is PostgreSQL \d+[^\n]*\.$/);
    expect(exitCode).toBe(1);
    await writeFile(file, before);
    system = await installation.start(quiet);
    expect(await system.stop()).toBe(0);
  });
});
