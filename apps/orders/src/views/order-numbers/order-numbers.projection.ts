import type { OrderEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { lookAlikeKey } from '#kernel';
import { bulkUpsert, type Projection } from '#read-models';

/** Which order numbers of a channel people take for one another, such as `1001` and `#1001`. */
export const orderNumbersProjection: Projection = {
  name: 'order-numbers',
  version: 1,
  schema: `
    create table order_numbers (
      channel text collate "C" not null,
      look_alike_key text collate "C" not null,
      order_id text collate "C" not null,
      external_id text not null,
      recorded_at timestamptz not null,
      primary key (channel, look_alike_key, order_id)
    );
    create table look_alikes (
      channel text collate "C" not null,
      look_alike_key text collate "C" not null,
      primary key (channel, look_alike_key)
    );
  `,
  types: ['SaleRecorded'],
  // No person acts on it within a second, and every order is in it.
  paceMs: 500,
  apply: async (page, tx) => {
    const rows = (page as readonly SaleRecorded[]).map(({ data, recordedAt }) => ({
      channel: data.channel,
      look_alike_key: lookAlikeKey(data.externalOrderId),
      order_id: data.orderId,
      external_id: data.externalOrderId,
      recorded_at: recordedAt,
    }));
    const byOrder = new Map(rows.map((row) => [row.order_id, row]));
    await bulkUpsert(tx, { ...shape, rows: [...byOrder.values()] });
    await tx.execute(
      `insert into look_alikes (channel, look_alike_key)
       select n.channel, n.look_alike_key
         from (select distinct * from unnest($1::text[], $2::text[]) as k (channel, look_alike_key)) k
         join order_numbers n on n.channel = k.channel and n.look_alike_key = k.look_alike_key
        group by n.channel, n.look_alike_key having count(*) > 1
       on conflict do nothing`,
      [rows.map(({ channel }) => channel), rows.map(({ look_alike_key }) => look_alike_key)],
    );
  },
};

type SaleRecorded = RecordedEvent<Extract<OrderEvent, { type: 'SaleRecorded' }>>;

const shape = {
  table: 'order_numbers',
  key: ['channel', 'look_alike_key', 'order_id'],
  columns: {
    channel: 'text',
    look_alike_key: 'text',
    order_id: 'text',
    external_id: 'text',
    recorded_at: 'timestamptz',
  },
} as const;
