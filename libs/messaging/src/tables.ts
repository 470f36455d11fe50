import type { ReadModels, TableHistory } from '#read-models';

/** Brings the tables of this library, in the database of the read models, to their form of today. */
export const createMessagingTables = (readModels: ReadModels): Promise<void> => readModels.migrate(history);

/** Made over and over until there were migrations, so the first change finds them in any of their forms. */
const TABLES = `
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

const history: TableHistory = {
  schema: 'messaging',
  changes: [{ name: 'tables-as-they-were', on: '2026-12-01', sql: TABLES }],
};
