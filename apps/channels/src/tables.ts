import { type ReadModels, type TableHistory, widenedToBigint } from '#read-models';

/** Brings the tables of this service to their form of today. */
export const createTables = (readModels: ReadModels): Promise<void> => readModels.migrate(history);

/** Made over and over until there were migrations, so the first change finds them in any of their forms. */
const TABLES = `
  -- One row per sale of a message, or one for a message that is not understood: that is parked, whole and sealed. What is
  -- the same message in other words is another row. A row that is done keeps its keys, so that a repeat is known, and loses
  -- its content.
  create table if not exists channels.intake (
    id bigint generated always as identity primary key,
    channel text not null,
    message_id text not null,
    place bigint not null,
    external_order_id text,
    external_revision bigint,
    state text not null default 'waiting' check (state in ('waiting', 'done', 'parked')),
    sale jsonb,
    received_at timestamptz not null,
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default '-infinity',
    error text
  );
  alter table channels.intake add column if not exists content text not null default '';
  alter table channels.intake add column if not exists sealed bytea;
  alter table channels.intake add column if not exists via text;
  alter table channels.intake alter column external_order_id drop not null, alter column external_revision drop not null;
  ${widenedToBigint('channels', 'intake', ['place', 'external_revision'])}
  alter table channels.intake drop constraint if exists intake_channel_message_id_place_key;
  create unique index if not exists intake_by_message on channels.intake (channel, message_id, place, content);
  create index if not exists intake_waiting on channels.intake (id) where state = 'waiting';
  create index if not exists intake_parked on channels.intake (channel, id) where state = 'parked';
  create index if not exists intake_by_order on channels.intake (channel, external_order_id);

  -- From the first failure of an errand to its next success.
  create table if not exists channels.unreachable (
    channel text not null,
    errand text not null,
    since timestamptz not null,
    error text not null,
    primary key (channel, errand)
  );

  -- Whether the offers of a channel are ended because it is closed, as of a revision of its stream.
  create table if not exists channels.closing (
    channel text primary key,
    closed boolean not null,
    revision bigint not null,
    since timestamptz not null
  );

  create table if not exists channels.watermark (
    channel text primary key,
    after text not null,
    polled_at timestamptz not null
  );

  -- How far the availability feed was taken over.
  create table if not exists channels.feed (
    name text primary key,
    sequence bigint not null
  );
  insert into channels.feed values ('availability', 0) on conflict do nothing;

  -- Numbers that the ledger did not take although the feed has moved on: they are tried again.
  create table if not exists channels.kept_back (
    sku text primary key,
    change jsonb not null
  );

  -- The newest numbers of every SKU, so that a listing made later has its number at once. One row per SKU, however many
  -- channels do not list it.
  create table if not exists channels.availability (
    sku text primary key,
    stock_revision bigint not null,
    sequence bigint not null,
    available jsonb not null
  ) with (fillfactor = 70);

  -- One row per offer of a channel, under the id the channel gave it; a SKU may have several. Sequences are places in the feed:
  -- they order numbers, also where a changed rule gives another number for the same stock revision. An offer that ended stays
  -- until the channel has acknowledged 0; that of a closed channel stays after that as well. No index has a column that changes with a push, so that updates stay in their page.
  create table if not exists channels.push_ledger (
    channel text not null,
    sku text not null,
    external_id text not null,
    listed_at_position bigint not null,
    wanted_quantity bigint,
    wanted_revision bigint,
    wanted_sequence bigint not null default -1,
    wanted_since timestamptz,
    wanted_traceparent text,
    acknowledged_quantity bigint,
    acknowledged_revision bigint,
    acknowledged_sequence bigint not null default -1,
    acknowledged_at timestamptz,
    attempts integer not null default 0,
    last_error text,
    next_attempt_at timestamptz,
    primary key (channel, external_id)
  ) with (fillfactor = 60);
  alter table channels.push_ledger add column if not exists wanted_traceparent text;
  ${widenedToBigint('channels', 'push_ledger', ['wanted_quantity', 'acknowledged_quantity'])}
  alter table channels.push_ledger add column if not exists listed_at timestamptz not null default now();
  alter table channels.push_ledger add column if not exists ended_at timestamptz;
  alter table channels.push_ledger add column if not exists closed_at timestamptz;
  alter table channels.push_ledger add column if not exists reopened_at_position bigint not null default 0;
  alter table channels.push_ledger add column if not exists refused_at timestamptz;
  alter table channels.push_ledger add column if not exists capped boolean not null default false;
  do $$ begin
    if exists (select from pg_constraint where conrelid = 'channels.push_ledger'::regclass and contype = 'p'
                  and pg_get_constraintdef(oid) = 'PRIMARY KEY (channel, sku)') then
      delete from channels.push_ledger l using channels.push_ledger later
       where later.channel = l.channel and later.external_id = l.external_id
         and (later.listed_at_position, later.sku) > (l.listed_at_position, l.sku);
      alter table channels.push_ledger drop constraint push_ledger_pkey, add primary key (channel, external_id);
      drop index if exists channels.push_ledger_by_external_id;
    end if;
  end $$;
  create index if not exists push_ledger_by_sku on channels.push_ledger (sku);
  create index if not exists push_ledger_ended on channels.push_ledger (ended_at) where ended_at is not null;
  create index if not exists push_ledger_refused on channels.push_ledger (refused_at) where refused_at is not null;
  create index if not exists push_ledger_capped on channels.push_ledger (channel) where capped;
`;

const history: TableHistory = {
  schema: 'channels',
  changes: [{ name: 'tables-as-they-were', on: '2026-12-01', sql: TABLES }],
};
