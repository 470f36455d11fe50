import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChannelEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { newId } from '#kernel';
import { compareProjection, openReadModels, ProjectionRunner, type ReadModels, schemaOf } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { channelsProjection } from './channels.projection.js';

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let projector: ProjectionRunner;
const schema = schemaOf(channelsProjection.name);

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
});
afterAll(async () => {
  await readModels?.close();
  await database?.drop();
});
beforeEach(async () => {
  await readModels.execute(`drop schema if exists ${schema} cascade; delete from read_models.checkpoints`);
  store = new InMemoryEventStore();
  projector = new ProjectionRunner(readModels, channelsProjection, store);
});
afterEach(() => projector.stop());

const settings = (channel: string, name = channel) => ({
  channel,
  name,
  connector: 'simulated',
  currency: 'EUR',
  baseUrl: 'http://127.0.0.1:4000',
  pushesPerSecond: 10,
});
const HISTORY: readonly ChannelEvent[] = [
  { type: 'ChannelRegistered', data: settings('ebay') },
  { type: 'ChannelRegistered', data: settings('etsy') },
  { type: 'ChannelPaused', data: { channel: 'etsy', reason: 'stocktake' } },
  { type: 'ChannelClosed', data: { channel: 'etsy', reason: 'sold' } },
  { type: 'ChannelRegistered', data: settings('shop') },
  { type: 'ChannelClosed', data: { channel: 'shop', reason: 'moved' } },
  { type: 'ChannelReopened', data: settings('shop', 'Shop') },
];
const SHOWN = [
  { channel: 'ebay', name: 'ebay', paused_because: null, closed_because: null, revision: 0 },
  { channel: 'etsy', name: 'etsy', paused_because: null, closed_because: 'sold', revision: 2 },
  { channel: 'shop', name: 'Shop', paused_because: null, closed_because: null, revision: 2 },
];

async function record(events: readonly ChannelEvent[]): Promise<RecordedEvent[]> {
  const at = '2026-03-01T00:00:00.000Z';
  for (const event of events) {
    const metadata = { commandId: newId(), correlationId: 'c', actor: 'test', occurredAt: at };
    const stream = `channel-${event.data.channel}`;
    await store.append([{ stream, expected: 'any', events: [{ id: newId(), ...event, metadata }] }]);
  }
  return [...(await store.readAll({ after: 0 })).events];
}

async function projected(): Promise<void> {
  projector.start();
  await projector.waitFor(await store.head(), 20_000);
}

const shown = () =>
  readModels.query(
    `select channel, settings ->> 'name' as name, paused_because, closed_because, revision from ${schema}.channel order by channel`,
  );

describe('channels', () => {
  it('come out the same event by event, and when the same events are seen twice', async () => {
    const events = await record(HISTORY);
    await projected();
    expect(await shown()).toEqual(SHOWN);
    const apply = (page: readonly RecordedEvent[]) =>
      readModels.transaction((tx) => channelsProjection.apply(page, tx), { schema });
    await readModels.execute(`truncate ${schema}.channel`);
    for (const event of events) await apply([event]);
    expect(await shown()).toEqual(SHOWN);
    await apply(events);
    expect(await shown()).toEqual(SHOWN);
  });

  it('go on where they were stopped', async () => {
    await record(HISTORY.slice(0, 4));
    await projected();
    await projector.stop();
    await record(HISTORY.slice(4));
    projector = new ProjectionRunner(readModels, channelsProjection, store);
    await projected();
    expect(await shown()).toEqual(SHOWN);
    expect(await compareProjection(readModels, channelsProjection, store)).toMatchObject({ equal: true });
  });
});
