import { randomUUID } from 'node:crypto';
import { PostgresEventStore } from './postgres-event-store.js';

/**
 * A process for crash.int.spec.ts to kill: appends with 50 in flight until it dies and prints the id of each event that
 * was acknowledged. Arguments: the address of the database.
 */
const [url = ''] = process.argv.slice(2);
const store = await PostgresEventStore.open({ url, writer: true, holder: 'crash-writer' });

async function appendForEver(): Promise<never> {
  for (;;) {
    const id = randomUUID();
    const metadata = { commandId: id, correlationId: id, actor: 'spec', occurredAt: new Date().toISOString() };
    await store.append([
      { stream: 'crash-one', expected: 'any', events: [{ id, type: 'Counted', data: {}, metadata }] },
    ]);
    process.stdout.write(`${id}\n`);
  }
}

await Promise.all(Array.from({ length: 50 }, appendForEver));
