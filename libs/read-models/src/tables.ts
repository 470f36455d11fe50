import type { TableHistory } from './migrations.js';

/** Made over and over until there were migrations, so the first change finds them in any of their forms. */
const TABLES = `
  create schema if not exists analytics;

  create table if not exists read_models.checkpoints (
    kind text not null check (kind in ('projection', 'reaction')),
    name text not null,
    version integer not null,
    position bigint not null,
    events bigint not null default 0,
    pages bigint not null default 0,
    updated_at timestamptz not null default now(),
    primary key (kind, name)
  );

  create table if not exists read_models.parked (
    runner text not null,
    position bigint not null,
    stream text not null,
    type text not null,
    error text not null,
    attempts integer not null,
    retry boolean not null default false,
    parked_at timestamptz not null default now(),
    primary key (runner, position)
  );

  alter table read_models.parked add column if not exists skipped_at timestamptz;

  create table if not exists read_models.idempotency_keys (
    key text primary key,
    fingerprint text not null,
    status integer,
    headers jsonb,
    body text,
    created_at timestamptz not null default now(),
    completed_at timestamptz
  );
  alter table read_models.idempotency_keys add column if not exists owner text;
  create index if not exists idempotency_keys_by_age on read_models.idempotency_keys (created_at);
`;

/** Tables of this library. */
export const readModelTables: TableHistory = {
  schema: 'read_models',
  changes: [{ name: 'tables-as-they-were', on: '2026-12-01', sql: TABLES }],
};

/** SQL that makes columns hold what others count (revisions, sums), where they do not yet. */
export const widenedToBigint = (schema: string, table: string, columns: readonly string[]): string => `
  do $$ declare changes text; begin
    select string_agg(format('alter column %I type bigint', column_name), ', ') into changes
      from information_schema.columns
     where table_schema = '${schema}' and table_name = '${table}'
       and column_name in (${columns.map((column) => `'${column}'`).join(', ')}) and data_type <> 'bigint';
    if changes is not null then execute 'alter table ${schema}.${table} ' || changes; end if;
  end $$;`;
