import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig, StartupError } from './index.js';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'einklang-config-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const messageFor = (environment: Record<string, string>): string => {
  try {
    loadConfig({ EINKLANG_DATA_DIR: dataDir, ...environment });
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
  return 'no error';
};

describe('the configuration', () => {
  it('has a default for everything but the data directory of a test', () => {
    const config = loadConfig({ EINKLANG_DATA_DIR: dataDir, DATABASE_URL: '' });
    expect(config).toMatchObject({ dataDir, host: '127.0.0.1', httpPort: 3000, grpcPort: 5051, logLevel: 'info' });
    expect(config).not.toHaveProperty('databaseUrl');
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes what the environment says', () => {
    const key = 'a secret of more than 32 characters';
    expect(
      loadConfig({
        EINKLANG_DATA_DIR: dataDir,
        DATABASE_URL: 'postgres://me:pw@db.example:5432/einklang',
        EINKLANG_HTTP_PORT: '0',
        EINKLANG_GRPC_PORT: '65535',
        EINKLANG_HOST: '0.0.0.0',
        EINKLANG_HASH_KEY: key,
        EINKLANG_LOG_LEVEL: 'warn',
        EVENTSTOREDB_URL: 'esdb://me:pw@log.example:2113',
        EINKLANG_ROLE: 'worker',
      }),
    ).toEqual({
      dataDir,
      eventStoreDbUrl: 'esdb://me:pw@log.example:2113',
      role: 'worker',
      databaseUrl: 'postgres://me:pw@db.example:5432/einklang',
      httpPort: 0,
      grpcPort: 65535,
      host: '0.0.0.0',
      hashKey: Buffer.from(key),
      logLevel: 'warn',
    });
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.each([
    [
      'EINKLANG_HTTP_PORT',
      'abc',
      'EINKLANG_HTTP_PORT must be a port number from 0 to 65535, where 0 takes any free port, not "abc".',
    ],
    [
      'EINKLANG_GRPC_PORT',
      '65536',
      'EINKLANG_GRPC_PORT must be a port number from 0 to 65535, where 0 takes any free port, not "65536".',
    ],
    [
      'EINKLANG_HTTP_PORT',
      '-1',
      'EINKLANG_HTTP_PORT must be a port number from 0 to 65535, where 0 takes any free port, not "-1".',
    ],
    [
      'EINKLANG_LOG_LEVEL',
      'loud',
      'EINKLANG_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud".',
    ],
    [
      'EINKLANG_DATABASE_CONNECTIONS',
      '3',
      'EINKLANG_DATABASE_CONNECTIONS must be a number of connections from 4 to 200, not "3".',
    ],
    ['EINKLANG_ROLE', 'boss', 'EINKLANG_ROLE must be one of all, api, worker, not "boss".'],
    [
      'EVENTSTOREDB_URL',
      'http://me:pw@log:2113',
      'EVENTSTOREDB_URL must be an address such as esdb://user:password@host:2113.',
    ],
    ['DATABASE_URL', 'mysql://u:pw@h/x', 'DATABASE_URL must be an address such as postgres://user@host:5432/name.'],
    ['EINKLANG_HASH_KEY', 'short', 'EINKLANG_HASH_KEY must be a secret of at least 32 characters.'],
    [
      'EINKLANG_HASH_KEY',
      `hex:${'0'.repeat(63)}`,
      'EINKLANG_HASH_KEY must be hex: and at least 64 hexadecimal digits, or another secret.',
    ],
  ])('answers %s=%s in one sentence, without secrets', (variable, value, sentence) => {
    expect(messageFor({ [variable]: value })).toBe(sentence);
  });

  it('names every wrong variable at once', () => {
    expect(messageFor({ EINKLANG_HTTP_PORT: 'x', EINKLANG_LOG_LEVEL: 'y' }).split('\n')).toHaveLength(2);
  });

  it('makes the hash key once, readable by its owner only', () => {
    const first = loadConfig({ EINKLANG_DATA_DIR: dataDir });
    expect(first.hashKey).toHaveLength(32);
    expect(loadConfig({ EINKLANG_DATA_DIR: dataDir }).hashKey).toEqual(first.hashKey);
    expect(statSync(join(dataDir, 'hash-key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(['hash-key']);
  });

  it('takes the hash key of a data directory from the environment, for a system that moves', () => {
    const { hashKey } = loadConfig({ EINKLANG_DATA_DIR: dataDir });
    const digits = readFileSync(join(dataDir, 'hash-key'), 'utf8');
    expect(loadConfig({ EINKLANG_HASH_KEY: `hex:${digits}` }).hashKey).toEqual(hashKey);
  });

  it('does not replace a damaged hash key: profiles would no longer be found', () => {
    const path = join(dataDir, 'hash-key');
    writeFileSync(path, 'half');
    expect(messageFor({})).toContain(`${path} does not hold 64 hexadecimal digits.`);
    expect(readFileSync(path, 'utf8')).toBe('half');
  });

  it('says in one sentence that the data directory is none', () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    expect(messageFor({ EINKLANG_DATA_DIR: join(file, 'data') })).toMatch(
      /^The data directory .* cannot be written \(ENOTDIR\)\. Make it writable or set EINKLANG_DATA_DIR to another folder\.$/,
    );
  });
});
