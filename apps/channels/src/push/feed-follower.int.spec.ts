import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { AvailabilityChange, AvailabilityFeed } from '#contracts';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, eventually, type TestDatabase } from '#testing';
import { createTables } from '../tables.js';
import { FeedFollower } from './feed-follower.js';
import { PushLedger } from './push-ledger.js';

const CHANNEL = 'web-shop';

let database: TestDatabase;
let readModels: ReadModels;
let ledger: PushLedger;
let told: string[];
beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
  await createTables(readModels);
});
afterAll(async () => {
  await readModels?.close();
  await database?.drop();
});
beforeEach(async () => {
  await readModels.execute(
    'truncate channels.push_ledger, channels.availability, channels.kept_back; update channels.feed set sequence = 0',
  );
  ledger = new PushLedger(readModels);
  told = [];
  await ledger.list(SKUS.map((sku) => ({ channel: CHANNEL, sku, externalId: `x-${sku}`, position: 0, at: AT })));
});

const AT = '2026-12-01T10:00:00.000Z';
const SKUS = ['a', 'b', 'bad', 'c', 'd'];
const REFUSE =
  "alter table channels.push_ledger add constraint no_bad_sku check (sku <> 'bad' or wanted_sequence < 1) not valid";
const ALLOW = 'alter table channels.push_ledger drop constraint if exists no_bad_sku';

const batchOf = (sequence: number, units: number): AvailabilityChange[] =>
  SKUS.map((sku) => ({
    sku,
    sequence,
    stockRevision: sequence,
    available: { [CHANNEL]: units },
    receivedAt: AT,
  }));

/** A feed that hands out batches as they are given. */
class GivenFeed implements AvailabilityFeed {
  readonly batches: AvailabilityChange[][] = [];

  async *follow({ after, signal }: { readonly after: number; readonly signal: AbortSignal }) {
    for (let next = after; !signal.aborted; await new Promise((resolve) => setTimeout(resolve, 5))) {
      for (const batch of this.batches.filter(([first]) => (first?.sequence ?? 0) > next)) {
        yield batch;
        next = batch[0]?.sequence ?? next;
      }
    }
  }
}

async function following(feed: GivenFeed, work: (follower: FeedFollower) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const follower = new FeedFollower({
    feed,
    ledger,
    onWanted: (listings) => void told.push(...listings.map(({ sku, quantity }) => `${sku} ${quantity}`)),
    onInterrupted: () => {},
    readModels,
  });
  const done = follower.run(stop.signal);
  await work(follower).finally(() => stop.abort());
  await done;
}

it('keeps back the numbers of one SKU that the ledger does not take, and takes them over after a mend', async () => {
  const feed = new GivenFeed();
  feed.batches.push(batchOf(1, 7));
  await readModels.execute(REFUSE);
  await following(feed, async (follower) => {
    await eventually(async () => (await ledger.sequence()) === 1);
    expect(told.toSorted()).toEqual(['a 7', 'b 7', 'c 7', 'd 7']);
    expect(follower.failing).toEqual({ bad: expect.stringContaining('no_bad_sku') });
    await readModels.execute(ALLOW);
    // Tried again with a later batch, once its pause is over.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    feed.batches.push(batchOf(2, 6).filter(({ sku }) => sku === 'a'));
    await eventually(async () => (await ledger.sequence()) === 2);
    expect(told.slice(4).toSorted()).toEqual(['a 6', 'bad 7']);
    expect(follower.failing).toEqual({});
  });
});

it('takes over what was kept back when the process ended before the ledger took it', async () => {
  const feed = new GivenFeed();
  feed.batches.push(batchOf(1, 7));
  await readModels.execute(REFUSE);
  await following(feed, async () => eventually(async () => (await ledger.sequence()) === 1));
  await readModels.execute(ALLOW);
  await following(feed, async () => {
    await eventually(() => told.length === SKUS.length);
    expect(told.slice(4)).toEqual(['bad 7']);
    await eventually(async () => (await ledger.keptBack()).length === 0);
  });
  expect(await ledger.sequence()).toBe(1);
});

it('keeps nothing back where the ledger takes nothing, and goes on when it does', async () => {
  const feed = new GivenFeed();
  feed.batches.push(batchOf(1, 7));
  await readModels.execute('alter table channels.push_ledger rename to gone');
  await following(feed, async (follower) => {
    await eventually(() => follower.failing['all of it'] !== undefined);
    expect(Object.keys(follower.failing)).toEqual(['all of it']);
    await readModels.execute('alter table channels.gone rename to push_ledger');
    await eventually(async () => (await ledger.sequence()) === 1);
    await eventually(() => told.length === SKUS.length);
  });
});
