import type { ReadModels } from '#read-models';

/** Makes what this service remembers of its neighbours, where it is missing. Run at every start. */
export async function createTables(readModels: ReadModels): Promise<void> {
  await readModels.transaction((tx) => tx.execute(CREATE_TABLES));
}

/** The lock keeps two starting processes from creating the same table at once. */
const CREATE_TABLES = `
  select pg_advisory_xact_lock(hashtextextended('einklang.orders.tables', 0));
  create schema if not exists orders;

  -- What a channel calls one of our SKUs, also after the listing ended: its last sale may come later. The newest wins.
  create table if not exists orders.listing (
    channel text collate "C" not null,
    external_id text collate "C" not null,
    sku text not null,
    position bigint not null,
    primary key (channel, external_id)
  );
  create table if not exists orders.variant (sku text collate "C" primary key);
  -- Channels that are registered, or were told where their goods come from.
  create table if not exists orders.channel (channel text collate "C" primary key);
`;
