import { createHmac, timingSafeEqual } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { EventStore } from '#event-sourcing';
import type { ReadModels, TableHistory } from '#read-models';
import type { Config } from '../config.js';
import { StartupError } from '../startup-error.js';

/**
 * Makes sure that this is the key the people in the log were hashed with: with another one every buyer would silently become
 * a stranger. The first start notes a fingerprint of the key in the database. Throws {@link StartupError} when the key differs
 * from it, or was made just now although the log holds sales.
 */
export async function checkHashKey(config: Config, readModels: ReadModels, store: EventStore): Promise<void> {
  const fingerprint = fingerprintOf(config.hashKey);
  const noted = await notedFingerprint(readModels);
  if (noted !== undefined && timingSafeEqual(Buffer.from(noted, 'hex'), Buffer.from(fingerprint, 'hex'))) return;
  if (noted === undefined && !(config.newHashKeyFile !== undefined && (await holdsSales(store)))) {
    await note(readModels, fingerprint);
    return;
  }
  // What was made in its place must not be found later and taken for the right one.
  if (config.newHashKeyFile !== undefined) await rm(config.newHashKeyFile, { force: true });
  throw new StartupError(refusal(config));
}

const refusal = ({ newHashKeyFile, dataDir }: Config): string =>
  newHashKeyFile === undefined
    ? `The hash key is not the one that the buyers in the log were hashed with, so none would be recognised. Restore the file hash-key of ${dataDir} from a backup, or set EINKLANG_HASH_KEY to the key of before.`
    : `${newHashKeyFile} is missing, and the log holds sales whose buyers were hashed with it. Restore it from a backup, or set EINKLANG_HASH_KEY to the key of before.`;

/** Tells nothing about the key, and is no hash that a person could have. */
const fingerprintOf = (key: Buffer): string =>
  createHmac('sha256', key).update('fingerprint of this key').digest('hex');

async function notedFingerprint(readModels: ReadModels): Promise<string | undefined> {
  await readModels.migrate(tables);
  const [row] = await readModels.query<{ fingerprint: string }>('select fingerprint from platform.hash_key');
  return row?.fingerprint;
}

async function note(readModels: ReadModels, fingerprint: string): Promise<void> {
  await readModels.execute('insert into platform.hash_key (id, fingerprint) values (1, $1) on conflict do nothing', [
    fingerprint,
  ]);
}

async function holdsSales(store: EventStore): Promise<boolean> {
  for (let after = 0; ; ) {
    const page = await store.readAll({ after, limit: 1, filter: { types: ['SaleRecorded', 'OrderSubmitted'] } });
    if (page.events.length > 0) return true;
    if (page.caughtUp) return false;
    after = page.position;
  }
}

const tables: TableHistory = {
  schema: 'platform',
  changes: [
    {
      name: 'tables-as-they-were',
      on: '2026-12-01',
      sql: 'create table if not exists platform.hash_key (id integer primary key check (id = 1), fingerprint text not null)',
    },
  ],
};
