import { type Baseline, PLENTY, payload, SKU } from './baseline.js';
import type { PostgresClient } from './postgres.js';

/**
 * Event sourcing without a mailbox: read the end of the stream, decide, append at the next revision, and start over when
 * another writer was there first. Each event carries what is left, so that reading costs one row.
 */
export const readAppendRetry: Baseline = {
  name: 'read, append, retry on conflict',
  rowsPerOperation: 1,
  poolSizes: [1, 2, 4, 8, 16, 32],
  prepare: async (client) => {
    await client.query(`
      create schema if not exists baseline;
      drop table if exists baseline.stream_events;
      create table baseline.stream_events (
        stream text not null, revision bigint not null, free bigint not null, data json not null,
        primary key (stream, revision)
      );
      insert into baseline.stream_events values ('${SKU}', 0, ${PLENTY}, '{}')`);
  },
  operate: async (client) => {
    while (!(await appended(client)));
  },
};

async function appended(client: PostgresClient): Promise<boolean> {
  const read = await client.query<{ revision: string; free: string }>({ name: 'read', text: READ_SQL, values: [SKU] });
  const { revision, free } = read.rows[0] ?? { revision: '-1', free: '0' };
  if (Number(free) < 1) throw new Error('The baseline ran out of stock.');
  const values = [SKU, Number(revision) + 1, Number(free) - 1, payload()];
  const result = await client.query({ name: 'append', text: APPEND_SQL, values });
  return result.rowCount === 1;
}

const READ_SQL = 'select revision, free from baseline.stream_events where stream = $1 order by revision desc limit 1';
const APPEND_SQL =
  'insert into baseline.stream_events (stream, revision, free, data) values ($1, $2, $3, $4) on conflict do nothing';
