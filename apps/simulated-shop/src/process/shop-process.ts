import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { StartupError } from '#platform';
import { shopFile } from './shop-files.js';

export interface ShopProcessOptions {
  readonly dataDir: string;
  /** At least 32 characters: see `shopSecretIn`. */
  readonly secret: string;
  /** Told when the shop died and is started again. */
  readonly log: (message: string) => void;
  /** Script to run instead of the simulated shop. */
  readonly script?: string;
}

export interface ShopProcess {
  /** `http://127.0.0.1:<port>`; stays the same when the process is started again. */
  readonly url: string;
  /** Ends the process and resolves when it is gone. */
  close(): Promise<void>;
}

/**
 * Runs the simulated shop as a process of its own, on any free port of this machine and with the file of the data
 * directory (see {@link shopFile}). When it dies it is started again. Throws {@link StartupError} where it cannot start.
 */
export async function startShopProcess(options: ShopProcessOptions): Promise<ShopProcess> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const keeper = new ShopKeeper(options);
  const port = await keeper.start();
  return { url: `http://127.0.0.1:${port}`, close: () => keeper.close() };
}

// Of the same kind as this file: specs run the sources.
const SHOP_SCRIPT = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url));
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;
const LEAST_PAUSE_MS = 250;
const MOST_PAUSE_MS = 10_000;

const announcement = z.object({ listening: z.int() });

class ShopKeeper {
  readonly #options: ShopProcessOptions;
  #child: ChildProcess | undefined;
  #port = 0;
  #closing = false;
  #failures = 0;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: ShopProcessOptions) {
    this.#options = options;
  }

  /** Resolves with the port once the shop answers. */
  async start(): Promise<number> {
    const child = this.#spawn();
    this.#child = child;
    this.#port = await portOf(child);
    this.#failures = 0;
    child.once('exit', (code, signal) => this.#died(`The simulated shop ended (${signal ?? code}).`));
    return this.#port;
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined || !isRunning(child)) return;
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    child.kill('SIGTERM');
    await once(child, 'exit');
    clearTimeout(killer);
  }

  #spawn(): ChildProcess {
    const { dataDir, secret, script = SHOP_SCRIPT } = this.#options;
    return fork(script, [], {
      // A group of its own: Ctrl-C reaches only this process, which tells the shop when it is time. Should this process
      // be killed, the shop notices that the channel to it is closed.
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: {
        ...process.env,
        SIMULATED_SHOP_PORT: String(this.#port),
        SIMULATED_SHOP_SECRET: secret,
        SIMULATED_SHOP_FILE: shopFile(dataDir),
      },
    });
  }

  #died(reason: string): void {
    if (this.#closing) return;
    const pauseMs = Math.min(MOST_PAUSE_MS, LEAST_PAUSE_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#options.log(`${reason} It is started again in ${pauseMs} ms.`);
    this.#restart = setTimeout(() => {
      this.start().catch((error: unknown) => this.#died(error instanceof Error ? error.message : String(error)));
    }, pauseMs);
  }
}

/** The port from the line the shop prints when it answers. */
async function portOf(child: ChildProcess): Promise<number> {
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const limit = AbortSignal.timeout(START_LIMIT_MS);
  try {
    const line = await Promise.race([
      once(lines, 'line', { signal: limit }).then(([first]) => String(first)),
      once(child, 'exit', { signal: limit }).then(() => ''),
    ]);
    return announcement.parse(JSON.parse(line)).listening;
  } catch (error) {
    child.kill('SIGKILL');
    throw new StartupError('The simulated shop did not start. Its own words are above.', { cause: error });
  } finally {
    lines.close();
    child.stdout?.resume();
  }
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;
