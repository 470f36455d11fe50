import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { StartupError } from '#platform';
import { shopSecretIn } from './shop-files.js';
import { startShopProcess } from './shop-process.js';

const SECRET = 'a secret that only specs know, 32+';

/** Answers its environment, and dies when asked to. */
const SHOP = `
  import { createServer } from 'node:http';
  const server = createServer((request, response) => {
    if (request.url === '/die') process.exit(3);
    const { SIMULATED_SHOP_FILE: file, SIMULATED_SHOP_SECRET: secret } = process.env;
    response.end(JSON.stringify({ file, secret, pid: process.pid }));
  });
  server.listen(Number(process.env.SIMULATED_SHOP_PORT), '127.0.0.1', () => {
    console.log(JSON.stringify({ listening: server.address().port }));
  });
`;

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'einklang-demo-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function scriptWith(source: string): Promise<string> {
  const script = join(dataDir, 'shop.mjs');
  await writeFile(script, source);
  return script;
}

/** Resolves when a line was logged. */
function recordingLog() {
  const logged = Promise.withResolvers<string>();
  return { log: (message: string) => logged.resolve(message), logged: logged.promise };
}

const environment = z.object({ file: z.string(), secret: z.string(), pid: z.int() });

async function askUntilAnswered(url: string): Promise<z.output<typeof environment>> {
  for (;;) {
    try {
      return environment.parse(await (await fetch(url)).json());
    } catch {
      // Not there again yet.
    }
  }
}

describe('the process of the simulated shop', () => {
  it('gets its secret and its file, and is gone when closed', async () => {
    const shop = await startShopProcess({ dataDir, secret: SECRET, log: () => {}, script: await scriptWith(SHOP) });
    expect(await askUntilAnswered(shop.url)).toMatchObject({
      file: join(dataDir, 'simulated-shop.sqlite'),
      secret: SECRET,
    });
    await shop.close();
    await expect(fetch(shop.url)).rejects.toThrow();
  });

  it('is started again on the same port when it dies', async () => {
    const { log, logged } = recordingLog();
    const shop = await startShopProcess({ dataDir, secret: SECRET, log, script: await scriptWith(SHOP) });
    const { pid } = await askUntilAnswered(shop.url);
    await expect(fetch(`${shop.url}/die`)).rejects.toThrow();
    expect(await logged).toBe('The simulated shop ended (3). It is started again in 250 ms.');
    expect((await askUntilAnswered(shop.url)).pid).not.toBe(pid);
    await shop.close();
  });

  it('does not start without a line that says where it listens', async () => {
    const script = await scriptWith('process.exit(1);');
    await expect(startShopProcess({ dataDir, secret: SECRET, log: () => {}, script })).rejects.toThrow(StartupError);
  });
});

describe('the secret of the simulated shop', () => {
  it('is made once and kept for the owner alone', async () => {
    const secret = await shopSecretIn(dataDir, {});
    const file = join(dataDir, 'simulated-shop-secret');
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(await readFile(file, 'utf8')).toBe(secret);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await shopSecretIn(dataDir, {})).toBe(secret);
  });

  it('is the one of the environment where that has one', async () => {
    expect(await shopSecretIn(dataDir, { SIMULATED_SHOP_SECRET: SECRET })).toBe(SECRET);
  });
});
