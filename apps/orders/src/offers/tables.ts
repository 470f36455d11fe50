import type { ReadModels, TableHistory } from '#read-models';

/** Brings what this service remembers of its neighbours to its form of today. */
export const createTables = (readModels: ReadModels): Promise<void> => readModels.migrate(history);

/** Made over and over until there were migrations, so the first change finds them in any of their forms. */
const TABLES = `
  -- What a channel calls one of our SKUs, also after the listing ended: its last sale may come later. The newest wins.
  create table if not exists orders.listing (
    channel text collate "C" not null,
    external_id text collate "C" not null,
    sku text not null,
    position bigint not null,
    primary key (channel, external_id)
  );
  create table if not exists orders.variant (sku text collate "C" primary key);
  -- Channels that are registered, or learnt where their goods come from.
  create table if not exists orders.channel (channel text collate "C" primary key);
`;

const history: TableHistory = {
  schema: 'orders',
  changes: [{ name: 'tables-as-they-were', on: '2026-12-01', sql: TABLES }],
};
