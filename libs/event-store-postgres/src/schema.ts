import type { Pool, PoolClient } from 'pg';
import { advisoryLocks } from './connection.js';

const SCHEMA_VERSION = 1;

/**
 * A row per commit and not per event: three to four times faster to write and to read, because a commit is one row for
 * the database however many events it carries. `stream_index` says where the events of a stream lie in that row.
 * bytea, because text would be checked and bytes can be cut out without reading the rest; EXTERNAL, because a compressed
 * value cannot be cut.
 */
const SCHEMA_SQL = String.raw`
create schema if not exists event_store;

create table if not exists event_store.schema_version (version integer not null);

create table if not exists event_store.batches (
  first_position bigint primary key,
  event_count    integer not null check (event_count > 0),
  recorded_at    timestamptz not null,
  batch_id       uuid not null,
  events         bytea not null
);
alter table event_store.batches alter column events set storage external;

create table if not exists event_store.stream_index (
  stream         text collate "C" not null,
  first_revision integer not null,
  event_count    integer not null,
  batch          bigint not null,
  ordinal        integer not null,
  byte_offset    integer not null,
  byte_length    integer not null,
  primary key (stream, first_revision)
);

create table if not exists event_store.writer (
  only_row boolean primary key default true check (only_row),
  epoch    bigint not null,
  position bigint not null,
  holder   text not null
);
insert into event_store.writer (epoch, position, holder) values (0, 0, '') on conflict do nothing;

create table if not exists event_store.snapshots (
  stream   text collate "C" not null,
  version  integer not null,
  revision integer not null,
  state    text not null,
  primary key (stream, version)
);

-- PostgreSQL's JSON functions refuse NUL and half surrogate pairs, which JSON and the store allow; SQL sees U+FFFD for them.
create or replace function event_store.as_json(slice bytea) returns json
  language sql immutable parallel safe
  return (
    select (
      '[' ||
      case
        when position('\u0000' in text) > 0 or position('\ud' in text) > 0
          then regexp_replace(text, '\\u(0000|d[89a-f][0-9a-f]{2})', '\ufffd', 'g')
        else text
      end
      || ']'
    )::json
    from convert_from(slice, 'UTF8') as text
  );

create or replace view event_store.events as
  select i.batch + i.ordinal + e.place - 1                            as position,
         i.stream,
         (i.first_revision + e.place - 1)::integer                    as revision,
         e.type,
         e.id,
         e.data,
         e.metadata,
         b.recorded_at,
         b.first_position                                             as batch
    from event_store.stream_index i
    join event_store.batches b on b.first_position = i.batch
   cross join lateral rows from (
           json_to_recordset(event_store.as_json(substring(b.events from i.byte_offset for i.byte_length)))
             as (id uuid, type text, data json, metadata json)
         ) with ordinality as e (id, type, data, metadata, place);

comment on view event_store.events is
  'One row per event. Fast by stream; for a range of the log add a condition on batch, the position of the first event of the commit.';
`;

/** Creates what is missing. Several processes may do so at once. */
export async function createSchema(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1, $2)', [...advisoryLocks.schema]);
    const version = await storedVersion(client);
    if (version > SCHEMA_VERSION) {
      throw new Error(
        `The event store has schema version ${version} and this program knows ${SCHEMA_VERSION}: start a newer program.`,
      );
    }
    if (version < SCHEMA_VERSION) {
      await client.query(SCHEMA_SQL);
      await client.query('delete from event_store.schema_version');
      await client.query('insert into event_store.schema_version values ($1)', [SCHEMA_VERSION]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}

async function storedVersion(client: PoolClient): Promise<number> {
  const table = await client.query<{ found: boolean }>(
    `select to_regclass('event_store.schema_version') is not null as found`,
  );
  if (!table.rows[0]?.found) return 0;
  const row = await client.query<{ version: number }>('select version from event_store.schema_version');
  return row.rows[0]?.version ?? 0;
}
