import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';
import { FileSnapshot, type MemoryFileSystem } from './file-snapshot.js';
import { query } from './wire.js';

/**
 * A real PostgreSQL in this process, in memory, reached by its wire protocol and synchronously. One session only: the
 * simulated server makes many of it. What it holds can be put back to a moment within milliseconds, memory and files
 * alike, so that every seed begins on the same bytes.
 */
export class Engine {
  readonly #database: PGlite;
  #kept: { readonly memory: Uint8Array; readonly files: FileSnapshot } | undefined;

  private constructor(database: PGlite) {
    this.#database = database;
  }

  static async start(): Promise<Engine> {
    // Minutes of queries want optimised code soon: a fifth of the processor time of a hundred seeds.
    setFlagsFromString('--wasm-tiering-budget=200000');
    // Durable settings are asserted by the event store; what they cost is simulated. Small buffers make copies small.
    const parameters = PGlite.defaultStartParams.filter((parameter) => parameter !== '-F');
    const sizes = ['shared_buffers=8MB', 'max_connections=2', 'wal_buffers=1MB', 'jit=off'];
    const startParams = [...parameters, ...sizes.flatMap((setting) => ['-c', setting])];
    return new Engine(await PGlite.create({ startParams }));
  }

  /** Messages of the frontend up to a Sync or one simple query; the messages of the backend in return. */
  exchange(messages: Uint8Array): Buffer {
    const parts: Buffer[] = [];
    // Ends before it returns, whatever its type says. Unlike its sibling it does not parse what it gives.
    void this.#database.execProtocolRawStream(messages, {
      syncToFs: false,
      onRawData: (part) => void parts.push(Buffer.from(part)),
    });
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  }

  /** Remembers everything as it is now. */
  keep(): void {
    this.exchange(query('checkpoint'));
    const module = moduleOf(this.#database);
    const memory = module.HEAPU8.slice(0, endOfUse(module.HEAPU8));
    this.#kept = { memory, files: FileSnapshot.take(module.FS, '/pglite/data') };
  }

  /** Puts everything back as it was kept. */
  restore(): void {
    if (!this.#kept) throw new Error('Nothing was kept.');
    const { HEAPU8: memory } = moduleOf(this.#database);
    memory.set(this.#kept.memory);
    memory.fill(0, this.#kept.memory.length, this.#kept.memory.length + USED_BY_A_SEED_MAX);
    this.#kept.files.restore();
  }
}

/** Bytes beyond what was in use when it was kept: buffers and heap that a seed may have begun to use. */
const USED_BY_A_SEED_MAX = 33_554_432;

interface WebAssemblyModule {
  readonly HEAPU8: Uint8Array;
  readonly FS: MemoryFileSystem;
}

const hasModule = (database: object): database is { readonly Module: WebAssemblyModule } => 'Module' in database;

function moduleOf(database: object): WebAssemblyModule {
  if (!hasModule(database)) throw new Error('This version of PGlite keeps its module elsewhere.');
  return database.Module;
}

/** Memory is far larger than what was ever written: the rest is zero, and is not copied. */
function endOfUse(memory: Uint8Array): number {
  const words = new BigUint64Array(memory.buffer);
  return (words.findLastIndex((word) => word !== 0n) + 1) * 8;
}
