import type { ReadModels } from '#read-models';

/** Makes the tables of this library in the database of the read models where they are missing. */
export async function createMessagingTables(readModels: ReadModels): Promise<void> {
  await readModels.transaction((tx) => tx.execute(CREATE_TABLES));
}

const CREATE_TABLES = `
  select pg_advisory_xact_lock(hashtextextended('einklang.messaging.tables', 0));
  create schema if not exists messaging;

  create table if not exists messaging.checkpoints (
    consumer text not null,
    topic text not null,
    partition integer not null,
    next_offset bigint not null default 0,
    position bigint not null default 0,
    messages bigint not null default 0,
    updated_at timestamptz not null default now(),
    primary key (consumer, topic, partition)
  );

  create table if not exists messaging.floors (
    consumer text primary key,
    position bigint not null
  );

  create table if not exists messaging.parked (
    consumer text not null,
    topic text not null,
    partition integer not null,
    "offset" bigint not null,
    key text not null,
    type text,
    headers text not null,
    value bytea,
    error text not null,
    attempts integer not null,
    retry boolean not null default false,
    parked_at timestamptz not null default now(),
    primary key (consumer, topic, partition, "offset")
  );
`;
