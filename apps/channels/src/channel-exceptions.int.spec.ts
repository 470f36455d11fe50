import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Exceptions, Metrics } from '#platform';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, type TestDatabase } from '#testing';
import { CHANNEL_EXCEPTIONS } from './channel-exceptions.js';
import { PushLedger } from './push/push-ledger.js';
import { createTables } from './tables.js';

let database: TestDatabase;
let readModels: ReadModels;
let ledger: PushLedger;
let exceptions: Exceptions;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url });
  await createTables(readModels);
  ledger = new PushLedger(readModels);
  exceptions = new Exceptions(readModels, new Metrics());
  for (const source of CHANNEL_EXCEPTIONS) exceptions.add(source);
});

afterAll(async () => {
  await readModels?.close();
  await database?.drop();
});

const AT = '2026-01-31T08:00:00.000Z';
const HALF_A_DAY_LATER = '2026-01-31T20:00:00.000Z';
const listing = (sku: string, channel = 'etsy') => ({ channel, sku, externalId: `x-${sku}`, position: 1, at: AT });
const change = (sku: string, units: number, sequence: number) => ({
  sequence,
  sku,
  stockRevision: sequence,
  available: { etsy: units },
  receivedAt: AT,
});
const kindsOf = async () =>
  (await exceptions.list(undefined, undefined, 100)).map(({ kind, subject, detail }) => [kind, subject, detail]);

it('shows what waits on a channel, each case while it is so', async () => {
  await ledger.list([listing('a'), listing('b'), listing('c'), listing('c', 'ebay')]);
  const wanted = await ledger.want([change('a', 3_000_000_000, 1), change('b', 2, 1), change('c', 5, 1)], 0, 1);
  const [, b, c] = wanted.toSorted((one, other) => one.sku.localeCompare(other.sku));
  if (!b || !c) throw new Error('Nothing is wanted.');
  const failed = { channel: 'etsy', error: 'unknown-listing', nextAttemptMs: Date.now(), refused: true };
  await ledger.fail([{ ...failed, sent: { ...b, increase: true } }]);
  await ledger.acknowledge([{ channel: 'etsy', sent: { ...c, increase: true }, atMs: Date.parse(AT) }]);
  await ledger.end([{ ...listing('c'), position: 2, at: HALF_A_DAY_LATER }]);
  expect(await kindsOf()).toEqual([
    ['capped-number', 'etsy x-a', 'Listing x-a (a) of etsy gets 1000000000, the most that any gets'],
    [
      'channel-without-numbers',
      'ebay',
      'ebay gets no number for 1 listings although they have stock: no location supplies it',
    ],
    ['ending-offer', 'etsy x-c', 'Offer x-c (c) of etsy ended and may still show 5'],
    ['refused-listing', 'etsy x-b', 'Listing x-b (b) was refused by etsy: unknown-listing'],
  ]);

  await ledger.want([change('a', 3, 2), { ...change('c', 5, 2), available: { etsy: 5, ebay: 5 } }], 1, 2);
  await ledger.acknowledge(
    (await ledger.due('etsy', 10)).map((sent) => ({ channel: 'etsy', sent: { ...sent, increase: false }, atMs: 0 })),
  );
  expect(await kindsOf()).toEqual([]);
});

it('shows once per channel that a closed one still shows numbers, and none of its other cases', async () => {
  await ledger.list([listing('d', 'otto'), listing('e', 'otto'), listing('f', 'otto')]);
  await ledger.want([{ ...change('d', 1, 3), available: { otto: 2_000_000_000 } }, change('e', 1, 3)], 2, 3);
  const [d] = await ledger.due('otto', 10);
  if (!d) throw new Error('Nothing is wanted.');
  await readModels.query(`insert into channels.unreachable values ('otto', 'push numbers', $1, 'It is away.')`, [AT]);
  await ledger.fail([
    { channel: 'otto', error: 'no', nextAttemptMs: 0, refused: true, sent: { ...d, increase: true } },
  ]);
  expect((await kindsOf()).map(([kind]) => kind)).toEqual([
    'capped-number',
    'channel-unreachable',
    'channel-without-numbers',
    'refused-listing',
  ]);
  await ledger.close([{ channel: 'otto', closed: true, revision: 1, position: 9, at: AT }]);
  expect(await kindsOf()).toEqual([
    ['channel-unreachable', 'otto: push numbers', 'otto cannot be reached to push numbers: It is away.'],
    ['ending-offer', 'otto', 'otto is closed and may still show a number for 3 of its offers'],
  ]);
  await ledger.acknowledge(
    (await ledger.due('otto', 10)).map((sent) => ({ channel: 'otto', sent: { ...sent, increase: false }, atMs: 0 })),
  );
  expect(await kindsOf()).toEqual([]);
});
