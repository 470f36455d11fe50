import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RecordedEvent } from '#event-sourcing';
import { idFrom } from '#kernel';
import { compareProjection, openReadModels, ProjectionRunner, type ReadModels, schemaOf } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { orderNumbersProjection } from './order-numbers.projection.js';

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let projector: ProjectionRunner;
const schema = schemaOf(orderNumbersProjection.name);

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
});
afterAll(async () => {
  await readModels.close();
  await database.drop();
});
beforeEach(async () => {
  await readModels.execute(`drop schema if exists ${schema} cascade; delete from read_models.checkpoints`);
  store = new InMemoryEventStore();
  projector = new ProjectionRunner(readModels, orderNumbersProjection, store);
});
afterEach(() => projector.stop());

async function record(...numbers: readonly [channel: string, externalOrderId: string][]): Promise<RecordedEvent[]> {
  for (const [channel, externalOrderId] of numbers) {
    const orderId = `${channel}.${encodeURIComponent(externalOrderId)}`;
    const placedAt = '2026-03-01T00:00:00.000Z';
    const sale = {
      orderId,
      channel,
      externalOrderId,
      externalRevision: 0,
      currency: 'EUR',
      lines: [],
      buyer: {},
      placedAt,
    };
    const metadata = { commandId: orderId, correlationId: 'c', actor: 'test', occurredAt: placedAt };
    const event = { id: idFrom(orderId), type: 'SaleRecorded', data: sale, metadata };
    await store.append([{ stream: `order-${orderId}`, expected: 'any', events: [event] }]);
  }
  return [...(await store.readAll({ after: 0 })).events];
}

async function projected(): Promise<void> {
  projector.start();
  await projector.waitFor(await store.head(), 20_000);
}

const apply = (page: readonly RecordedEvent[]) =>
  readModels.transaction((tx) => orderNumbersProjection.apply(page, tx), { schema });

const lookAlikes = async (): Promise<string[]> => {
  const rows = await readModels.query<{ channel: string; numbers: string }>(
    `select channel, string_agg(external_id, ' ' order by external_id collate "C") as numbers
       from ${schema}.look_alikes join ${schema}.order_numbers using (channel, look_alike_key) group by channel, look_alike_key
      order by channel, 2`,
  );
  return rows.map(({ channel, numbers }) => `${channel}: ${numbers}`);
};

const HISTORY: readonly [string, string][] = [
  ['etsy', '1001'],
  ['ebay', '#1001'],
  ['etsy', '#1001'],
  ['etsy', 'A-7'],
  ['etsy', '1002'],
  ['etsy', 'a-7'],
];
const FOUND = ['etsy: #1001 1001', 'etsy: A-7 a-7'];

describe('order numbers', () => {
  it('that people take for one another are found, within a channel', async () => {
    await record(...HISTORY);
    await projected();
    expect(await lookAlikes()).toEqual(FOUND);
  });

  it('come out the same event by event, and when the same events are seen twice', async () => {
    const events = await record(...HISTORY);
    await projected();
    await readModels.execute(`truncate ${schema}.order_numbers, ${schema}.look_alikes`);
    for (const event of events) await apply([event]);
    expect(await lookAlikes()).toEqual(FOUND);
    await apply(events);
    expect(await lookAlikes()).toEqual(FOUND);
  });

  it('go on where they were stopped', async () => {
    await record(...HISTORY.slice(0, 2));
    await projected();
    await projector.stop();
    await record(...HISTORY.slice(2));
    projector = new ProjectionRunner(readModels, orderNumbersProjection, store);
    await projected();
    expect(await lookAlikes()).toEqual(FOUND);
    expect(await compareProjection(readModels, orderNumbersProjection, store)).toMatchObject({ equal: true });
  });
});
