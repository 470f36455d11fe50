import { until } from '../../e2e/support/api.js';
import { query } from '../../e2e/support/database.js';
import type { Fault } from '../fault.js';
import { type Misfortune, underTraffic } from './support/under-traffic.js';

export const poison: Fault = {
  name: 'poison',
  summary: 'unreadable messages lie among the others: they are parked under their keys, and the rest flows',
  run: (run) => underTraffic(run, {}, (scene) => poisonTopics(scene, { messages: 60 })),
};

export async function poisonTopics(
  { landscape, purchases, note, violation, run }: Misfortune,
  { messages }: { readonly messages: number },
): Promise<void> {
  const producer = landscape.kafkaClient().producer();
  await producer.connect();
  for (let index = 0; index < messages; index += 1) {
    const [topic, type] = WANTED[index % WANTED.length] ?? WANTED[0];
    await producer.send({
      topic,
      messages: [{ key: `poison-${index}`, value: KINDS[index % KINDS.length] ?? null, headers: headersOf(type) }],
    });
    if (index % 10 === 9) await purchases(10);
  }
  await producer.disconnect();
  run.progress(`sent ${messages} unreadable messages`);
  const wanted = Math.ceil(messages / 2);
  const parkedAt = async (service: 'inventory' | 'orders' | 'customers') => {
    const [row] = await query<{ count: number }>(
      await landscape.databaseUrl(service),
      "select count(distinct key)::integer as count from messaging.parked where key like 'poison-%'",
    );
    return row?.count ?? 0;
  };
  const parked: Record<string, number> = {};
  for (const service of ['inventory', 'orders', 'customers'] as const) {
    const expected = service === 'orders' ? messages - wanted : wanted;
    parked[`${service}Parked`] = await until(
      `${service} has parked what it cannot read`,
      async () => ((await parkedAt(service)) >= expected ? parkedAt(service) : undefined),
      120_000,
    );
    const { exitCode, output } = await landscape.ops(service, 'dead-letters', 'list');
    if (exitCode !== 0 || !output.includes('poison-')) violation(`dead-letters of ${service} lists nothing: ${output}`);
  }
  note({ poisoned: messages, ...parked });
}

/** Not JSON, not an event, no text, and nothing. */
const KINDS: readonly (Buffer | null)[] = [
  Buffer.from('{"orderId":'),
  Buffer.from('[]'),
  Buffer.from([0xff, 0xfe, 0x00, 0x80]),
  Buffer.from('{}'),
];

/** Topics, and a type of event that others want of each. */
const WANTED = [
  ['einklang.orders.events', 'OrderSubmitted'],
  ['einklang.inventory.events', 'StockAllocated'],
] as const;

const headersOf = (type: string) => ({ ce_type: type, ce_specversion: '1.0', ce_id: 'poison' });
