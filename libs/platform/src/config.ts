import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { givenIn, type LOG_LEVELS, misspeltSettings, processSettings, type ROLES } from '#settings';
import { settingsOf } from './settings-of.js';
import { StartupError, systemCodeOf } from './startup-error.js';

/** What the environment settles for a whole process. Read once, at the start. */
export interface Config {
  /** Absolute path of the folder that holds everything this installation keeps on disk. */
  readonly dataDir: string;
  /** Where PostgreSQL is; absent when the embedded one is to be used. */
  readonly databaseUrl?: string;
  /** Connections this process may have to PostgreSQL for its views and processes; 16 where nothing is said. */
  readonly databaseConnections?: number;
  /** Where EventStoreDB is; absent when the log is in PostgreSQL. */
  readonly eventStoreDbUrl?: string;
  /** What this process is for; `all` where nothing is said. */
  readonly role?: Role;
  readonly host: string;
  /** 0 takes any free port. */
  readonly httpPort: number;
  /** 0 takes any free port. */
  readonly grpcPort: number;
  /** Secret for keyed hashes of personal data, at least 32 bytes. */
  readonly hashKey: Buffer;
  /** The file the key was written to just now, because there was none. */
  readonly newHashKeyFile?: string;
  readonly logLevel: LogLevel;
}

export type LogLevel = (typeof LOG_LEVELS)[number];

/** `api` answers requests, `worker` does what goes on by itself, `all` does both. */
export type Role = (typeof ROLES)[number];

/** Injection token of {@link Config}. */
export const CONFIG = Symbol('config');

/**
 * The configuration from `environment`; an empty value counts as unset, and a misspelt name is refused. Creates the data directory, and in it the file
 * `hash-key` (mode 0600) when EINKLANG_HASH_KEY is unset. Throws {@link StartupError} with a sentence per wrong value.
 */
export function loadConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const values = settingsOf(processSettings, environment, () => misspeltSettings(givenIn(environment)));
  const dataDir = resolve(values.EINKLANG_DATA_DIR ?? join(projectRoot(), '.data'));
  return Object.freeze({
    dataDir,
    ...(values.DATABASE_URL !== undefined && { databaseUrl: values.DATABASE_URL }),
    ...(values.EVENTSTOREDB_URL !== undefined && { eventStoreDbUrl: values.EVENTSTOREDB_URL }),
    role: values.EINKLANG_ROLE,
    ...(values.EINKLANG_DATABASE_CONNECTIONS !== undefined && {
      databaseConnections: values.EINKLANG_DATABASE_CONNECTIONS,
    }),
    host: values.EINKLANG_HOST,
    httpPort: values.EINKLANG_HTTP_PORT,
    grpcPort: values.EINKLANG_GRPC_PORT,
    ...(values.EINKLANG_HASH_KEY === undefined ? hashKeyIn(dataDir) : { hashKey: hashKeyOf(values.EINKLANG_HASH_KEY) }),
    logLevel: values.EINKLANG_LOG_LEVEL,
  });
}

/** The folder of the nearest package.json: the same for the sources and for what is built from them. */
function projectRoot(): string {
  const manifest = findPackageJSON(import.meta.url);
  return manifest === undefined ? process.cwd() : dirname(manifest);
}

/** Two processes that start at once must end with one key, so the key is written aside and linked into place. */
function hashKeyIn(dataDir: string): Pick<Config, 'hashKey' | 'newHashKeyFile'> {
  const path = join(dataDir, 'hash-key');
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const existing = readIfPresent(path);
    if (existing !== undefined) return { hashKey: keyFrom(existing, path) };
    const made = randomBytes(32).toString('hex');
    try {
      writeFileSync(draft, made, { mode: 0o600, flush: true });
      linkUnlessPresent(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
    const kept = readFileSync(path, 'utf8');
    return { hashKey: keyFrom(kept, path), ...(kept === made && { newHashKeyFile: path }) };
  } catch (error) {
    throw systemCodeOf(error) === undefined ? error : dataDirError(dataDir, error);
  }
}

/** `hex:` and digits stand for bytes, such as those a file `hash-key` holds; any other text for itself. */
const hashKeyOf = (text: string): Buffer =>
  text.startsWith('hex:') ? Buffer.from(text.slice('hex:'.length), 'hex') : Buffer.from(text);

function keyFrom(text: string, path: string): Buffer {
  if (!/^[0-9a-f]{64}\s*$/.test(text)) {
    throw new StartupError(
      `${path} does not hold 64 hexadecimal digits. Restore it from a backup: profiles cannot be matched without it.`,
    );
  }
  return Buffer.from(text.trim(), 'hex');
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function linkUnlessPresent(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
}

function dataDirError(dataDir: string, error: unknown): StartupError {
  const code = systemCodeOf(error);
  const advice =
    code === 'ENOSPC'
      ? 'the disk is full. Free some space'
      : `it cannot be written (${code}). Make it writable or set EINKLANG_DATA_DIR to another folder`;
  return new StartupError(`The data directory ${dataDir} cannot be used: ${advice}.`, { cause: error });
}
