import { type Baseline, payload, SKU } from './baseline.js';

const ROWS = 1_000;

/** RB: 1,000 rows in one statement and one commit, no decision made. What the server takes in when it is fed well. */
export const batchedInsert: Baseline = {
  name: 'batched insert, 1,000 rows per transaction',
  rowsPerOperation: ROWS,
  poolSizes: [1, 2, 4],
  prepare: async (client) => {
    await client.query(`
      create schema if not exists baseline;
      drop table if exists baseline.batched;
      create table baseline.batched (position bigserial primary key, sku text not null, data json not null)`);
  },
  operate: async (client) => {
    await client.query({ name: 'batched', text: INSERT_SQL, values: [SKU, rowsLiteral()] });
  },
};

const INSERT_SQL = 'insert into baseline.batched (sku, data) select $1, unnest($2::text[]::json[])';

/** The array in the form the server reads: the driver would take longer to make it. */
const rowsLiteral = (): string =>
  `{${Array.from({ length: ROWS }, () => `"${payload().replaceAll('"', '\\"')}"`).join(',')}}`;
