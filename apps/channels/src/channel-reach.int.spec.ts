import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock } from '#kernel';
import { Exceptions, Metrics } from '#platform';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, eventually, type TestDatabase } from '#testing';
import { CHANNEL_EXCEPTIONS } from './channel-exceptions.js';
import { ChannelReach } from './channel-reach.js';
import { createTables } from './tables.js';

let database: TestDatabase;
let readModels: ReadModels;
beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url });
  await createTables(readModels);
});

afterAll(async () => {
  await readModels?.close();
  await database?.drop();
});

it('keeps which of 1,500 channels cannot be reached until each can be again', async () => {
  const anHourAgo = { ...systemClock, now: () => Date.now() - 3_600_000 };
  const channels = Array.from({ length: 1_500 }, (_, index) => `shop-${index}`);
  const reach = new ChannelReach(readModels, anHourAgo);
  for (let round = 0; round < 20; round += 1)
    for (const channel of channels) reach.failed(channel, 'read its orders', 'No connection (ECONNREFUSED).');

  const exceptions = new Exceptions(readModels, new Metrics());
  for (const source of CHANNEL_EXCEPTIONS) exceptions.add(source);
  const open = async () => (await exceptions.counts()).find(({ kind }) => kind === 'channel-unreachable')?.open;
  await eventually(async () => (await open()) === 1_500);
  expect(await reach.unreachable('shop-7')).toMatchObject([
    { errand: 'read its orders', error: 'No connection (ECONNREFUSED).' },
  ]);

  // Also by a process that knows nothing of the failures of the one before.
  const later = new ChannelReach(readModels, systemClock);
  later.succeeded('shop-7', 'read its orders');
  for (const channel of channels.slice(10)) reach.succeeded(channel, 'read its orders');
  await eventually(async () => (await open()) === 9);
});
