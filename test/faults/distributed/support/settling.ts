import type { openKafka } from '#messaging';
import { query } from '../../../e2e/support/database.js';
import type { Service } from './service-process.js';

export type Kafka = ReturnType<typeof openKafka>;
export type Admin = ReturnType<Kafka['admin']>;

interface Checkpoint {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
}

/** Readers of what other services stored. */
const CONSUMERS: Readonly<Record<Service, number>> = { catalog: 0, inventory: 2, orders: 2, customers: 1, channels: 2 };

/** Messages in Kafka that a service has not dealt with yet: by what it has stored, whatever its processes believe. */
export async function messagesAhead(service: Service, databaseUrl: string, admin: Admin): Promise<number> {
  if (CONSUMERS[service] === 0) return 0;
  const checkpoints = await query<Checkpoint>(
    databaseUrl,
    `select consumer, topic, partition, next_offset::integer as "nextOffset" from messaging.checkpoints where consumer like 'einklang.%'`,
  );
  if (new Set(checkpoints.map(({ consumer }) => consumer)).size < CONSUMERS[service]) return 1;
  let ahead = 0;
  for (const [topic, ofTopic] of Map.groupBy(checkpoints, ({ topic }) => topic)) {
    const ends = await admin.fetchTopicOffsets(topic);
    for (const consumer of new Set(ofTopic.map((checkpoint) => checkpoint.consumer))) {
      for (const { partition, high } of ends) {
        const reached = ofTopic.find((each) => each.consumer === consumer && each.partition === partition);
        ahead += Math.max(0, Number(high) - (reached?.nextOffset ?? 0));
      }
    }
  }
  return ahead;
}

/** What a service has yet to do that no event and no message tells of. */
export async function workLeft(service: Service, databaseUrl: string): Promise<number> {
  const statement = LEFT[service];
  if (!statement) return 0;
  const [row] = await query<{ left: number }>(databaseUrl, statement);
  return row?.left ?? 0;
}

const LEFT: Partial<Record<Service, string>> = {
  inventory: `select count(*)::integer as left from view_stock.stock
               where sequence > (select coalesce(max(position), 0) from messaging.checkpoints where consumer = 'relay-availability-to-kafka')`,
  channels: `select (select count(*) from channels.intake where state = 'waiting')::integer
                  + (select count(*) from channels.push_ledger where wanted_sequence <> acknowledged_sequence)::integer as left`,
};
