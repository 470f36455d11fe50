/** Tables of this library. Run at every start; the lock keeps two starting processes from creating the same table at once. */
export const CREATE_TABLES = `
  select pg_advisory_xact_lock(hashtextextended('einklang.read-models.tables', 0));
  create schema if not exists read_models;
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

/**
 * SQL that makes columns of an earlier version hold what others count (revisions, sums): to be run at every start, and does
 * nothing where they are wide already.
 */
export const widenedToBigint = (schema: string, table: string, columns: readonly string[]): string => `
  do $$ declare changes text; begin
    select string_agg(format('alter column %I type bigint', column_name), ', ') into changes
      from information_schema.columns
     where table_schema = '${schema}' and table_name = '${table}'
       and column_name in (${columns.map((column) => `'${column}'`).join(', ')}) and data_type <> 'bigint';
    if changes is not null then execute 'alter table ${schema}.${table} ' || changes; end if;
  end $$;`;
