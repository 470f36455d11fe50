import type { OrderEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { lookAlikeKey } from '#kernel';
import { column, defineTable, type Projection } from '#read-models';

const orderNumbersTable = defineTable({
  name: 'order_numbers',
  columns: {
    channel: column.code('The channel'),
    lookAlikeKey: column.code('The same for numbers that people take for one another'),
    orderId: column.code('The order'),
    externalId: column.text('Its number as the channel writes it'),
    recordedAt: column.instant('When the order became known'),
  },
  key: ['channel', 'lookAlikeKey', 'orderId'],
});

const lookAlikesTable = defineTable({
  name: 'look_alikes',
  columns: {
    channel: column.code('The channel'),
    lookAlikeKey: column.code('Under which it has several orders'),
  },
  key: ['channel', 'lookAlikeKey'],
});

/** Which order numbers of a channel people take for one another, such as `1001` and `#1001`. */
export const orderNumbersProjection: Projection = {
  name: 'order-numbers',
  version: 1,
  tables: [orderNumbersTable, lookAlikesTable],
  types: ['SaleRecorded'],
  // No person acts on it within a second, and every order is in it.
  paceMs: 500,
  apply: async (page, tx) => {
    const rows = (page as readonly SaleRecorded[]).map(({ data, recordedAt }) => ({
      channel: data.channel,
      lookAlikeKey: lookAlikeKey(data.externalOrderId),
      orderId: data.orderId,
      externalId: data.externalOrderId,
      recordedAt,
    }));
    const byOrder = new Map(rows.map((row) => [row.orderId, row]));
    await orderNumbersTable.upsert(tx, [...byOrder.values()]);
    await tx.execute(
      `insert into look_alikes (channel, look_alike_key)
       select n.channel, n.look_alike_key
         from (select distinct * from unnest($1::text[], $2::text[]) as k (channel, look_alike_key)) k
         join order_numbers n on n.channel = k.channel and n.look_alike_key = k.look_alike_key
        group by n.channel, n.look_alike_key having count(*) > 1
       on conflict do nothing`,
      [rows.map(({ channel }) => channel), rows.map((row) => row.lookAlikeKey)],
    );
  },
};

type SaleRecorded = RecordedEvent<Extract<OrderEvent, { type: 'SaleRecorded' }>>;
