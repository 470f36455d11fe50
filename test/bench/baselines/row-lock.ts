import { randomUUID } from 'node:crypto';
import { type Baseline, PLENTY, payload, SKU } from './baseline.js';
import type { PostgresClient } from './postgres.js';

const POOL_SIZES = [1, 2, 4, 8, 16, 32];

const prepareStock = async (client: PostgresClient): Promise<void> => {
  await client.query(`
    create schema if not exists baseline;
    drop table if exists baseline.stock, baseline.reservations;
    create table baseline.stock (sku text primary key, free bigint not null) with (fillfactor = 50);
    create table baseline.reservations (id uuid primary key, sku text not null, data json not null);
    insert into baseline.stock values ('${SKU}', ${PLENTY})`);
};

/** The leanest form of a counter in a row: take a unit and write the reservation in one statement, one round trip. */
export const rowLock: Baseline = {
  name: 'one-statement row lock',
  rowsPerOperation: 1,
  poolSizes: POOL_SIZES,
  prepare: prepareStock,
  operate: async (client) => {
    const result = await client.query({ name: 'row-lock', text: ROW_LOCK_SQL, values: [SKU, randomUUID(), payload()] });
    if (result.rowCount !== 1) throw new Error('The baseline ran out of stock.');
  },
};

const ROW_LOCK_SQL = `
with taken as (
  update baseline.stock set free = free - 1 where sku = $1 and free >= 1 returning sku
)
insert into baseline.reservations (id, sku, data) select $2, sku, $3 from taken`;

/** The textbook form: lock the row, look, take, write, commit. */
export const selectForUpdate: Baseline = {
  name: 'SELECT FOR UPDATE',
  rowsPerOperation: 1,
  poolSizes: POOL_SIZES,
  prepare: prepareStock,
  operate: async (client) => {
    await client.query('begin');
    const lock = { name: 'lock', text: 'select free from baseline.stock where sku = $1 for update', values: [SKU] };
    const stock = await client.query<{ free: string }>(lock);
    if (Number(stock.rows[0]?.free) < 1) throw new Error('The baseline ran out of stock.');
    await client.query({
      name: 'take',
      text: 'update baseline.stock set free = free - 1 where sku = $1',
      values: [SKU],
    });
    const insert = 'insert into baseline.reservations (id, sku, data) values ($1, $2, $3)';
    await client.query({ name: 'insert', text: insert, values: [randomUUID(), SKU, payload()] });
    await client.query('commit');
  },
};

const UNITS = 100_000;

/** A row per unit, so that no transaction waits for another: each takes one that is not being taken. */
export const skipLocked: Baseline = {
  name: 'SKIP LOCKED, a row per unit',
  rowsPerOperation: 1,
  poolSizes: POOL_SIZES,
  prepare: async (client) => {
    await prepareStock(client);
    await client.query(`
      drop table if exists baseline.units;
      create table baseline.units (sku text not null, unit integer not null, primary key (sku, unit));
      insert into baseline.units select '${SKU}', unit from generate_series(1, ${UNITS}) as unit;
      analyze baseline.units`);
  },
  operate: async (client) => {
    const result = await client.query({ name: 'skip', text: SKIP_LOCKED_SQL, values: [SKU, randomUUID(), payload()] });
    if (result.rowCount !== 1) throw new Error('The baseline ran out of stock.');
  },
};

const SKIP_LOCKED_SQL = `
with taken as (
  delete from baseline.units
   where (sku, unit) in (select sku, unit from baseline.units where sku = $1 limit 1 for update skip locked)
  returning sku
)
insert into baseline.reservations (id, sku, data) select $2, sku, $3 from taken`;
