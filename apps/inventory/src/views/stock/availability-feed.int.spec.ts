import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AvailabilityChange } from '#contracts';
import { compareProjection, openReadModels, type ReadModels, Runners, rebuild, unpark } from '#read-models';
import { createTestDatabase, eventually, InMemoryEventStore, type TestDatabase } from '#testing';
import { anyStep, dice } from '../../../test/history.js';
import { InventoryHarness, inPagesOf } from '../../../test/inventory-harness.js';
import { StockViewFeed } from './availability-feed.js';
import { type StockRow, stockProjection } from './stock.projection.js';

let database: TestDatabase;
let readModels: ReadModels;
let running: Running[];

interface Running {
  readonly inventory: InventoryHarness;
  readonly runners: Runners;
}

beforeEach(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 6 });
  running = [];
});
afterEach(async () => {
  await stopAll();
  await readModels.close();
  await database.drop();
});

/** A shop with two locations, its stock view following in pages of at most so many events, and the feed. */
async function open(pageSize = 5_000) {
  const inventory = await InventoryHarness.open(new InMemoryEventStore());
  const runners = new Runners(readModels, inPagesOf(pageSize, inventory.store));
  const runner = runners.addProjection(stockProjection);
  await readModels.execute('delete from read_models.checkpoints');
  await runners.prepare();
  runners.start();
  running.push({ inventory, runners });
  await inventory.openLocations('main', 'store');
  await inventory.supplyMap('shop', 'main', 'store');
  const shown = async () => runner.waitFor(await inventory.store.head(), 20_000);
  return { inventory, feed: new StockViewFeed(readModels, runners), shown };
}

async function stopAll(): Promise<void> {
  for (const { inventory, runners } of running.splice(0)) {
    await runners.stop();
    await inventory.close();
  }
}

const rows = () => readModels.query<StockRow>('select * from view_stock.stock order by sku');
const places = async () =>
  (await rows()).map(({ sku, sequence, revision, available }) => ({ sku, sequence, revision, available }));

/** The batches after a sequence, until one ends at `until`. */
async function batchesAfter(feed: StockViewFeed, after: number, until: number): Promise<AvailabilityChange[][]> {
  const stop = new AbortController();
  const batches: AvailabilityChange[][] = [];
  for await (const batch of feed.follow({ after, signal: stop.signal })) {
    batches.push([...batch]);
    if ((batch.at(-1)?.sequence ?? 0) >= until) break;
  }
  stop.abort();
  return batches;
}

const newestSequence = async () => Math.max(...(await rows()).map(({ sequence }) => sequence));

describe('the availability feed', () => {
  it('tells one who is past it of an event that was parked and had its effect later, once', async () => {
    const { inventory, feed, shown } = await open();
    await readModels.execute("alter table view_stock.stock add constraint no_bad_sku check (sku <> 'bad')");
    await inventory.receive('bad', 3);
    await inventory.receive('good', 1);
    await shown();
    const after = await newestSequence();
    const told: AvailabilityChange[] = [];
    const stop = new AbortController();
    const following = (async () => {
      for await (const batch of feed.follow({ after, signal: stop.signal })) told.push(...batch);
    })();
    await readModels.execute('alter table view_stock.stock drop constraint no_bad_sku');
    expect(await unpark(readModels, stockProjection.name)).toBe(1);
    await eventually(() => told.length > 0);
    await inventory.receive('good', 1);
    await shown();
    await eventually(() => told.length > 1);
    stop.abort();
    await following;
    expect(told.map(({ sku, available }) => [sku, available.shop])).toEqual([
      ['bad', 3],
      ['good', 2],
    ]);
    expect((await compareProjection(readModels, stockProjection, inventory.store)).equal).toBe(true);
  });

  it('delivers every SKU a policy change touches in one batch, however many, and none it does not touch', async () => {
    const { inventory, feed, shown } = await open();
    const skus = Array.from({ length: 1_500 }, (_, index) => `sku ${index}`);
    await Promise.all(skus.map((sku) => inventory.receive(sku, 10)));
    await inventory.receive('sold out', 1);
    await inventory.execute('sold out', {
      type: 'AdjustStock',
      locationId: 'main',
      onHand: -1,
      unavailable: 0,
      reason: 'lost',
    });
    await shown();
    const before = await newestSequence();
    expect((await batchesAfter(feed, 0, before)).map((batch) => batch.length)).toEqual([1_000, 501]);

    const position = await inventory.defaults('shop', { buffer: 3 });
    await shown();
    const batches = await batchesAfter(feed, before, position);
    expect(batches).toHaveLength(1);
    expect(batches[0]?.map(({ sku }) => sku).toSorted()).toEqual(skus.toSorted());
    expect(new Set(batches[0]?.map(({ sequence, available }) => `${sequence} ${JSON.stringify(available)}`))).toEqual(
      new Set([`${position} {"shop":7}`]),
    );
  });

  it('leaves the numbers alone when a policy event changes none', async () => {
    const { inventory, shown } = await open();
    await inventory.receive('a', 10);
    await shown();
    const before = await places();
    await inventory.openLocations('far away');
    await inventory.defaults('shop', { cap: 1_000 });
    await shown();
    expect(await places()).toEqual(before);
  });

  it('shows a new channel on every SKU', async () => {
    const { inventory, feed, shown } = await open();
    await inventory.receive('a', 10, 'main');
    await inventory.receive('b', 4, 'store');
    const position = await inventory.supplyMap('till', 'store');
    await shown();
    const [batch] = await batchesAfter(feed, position - 1, position);
    expect(batch?.map(({ sku, available }) => [sku, available])).toEqual([
      ['a', { shop: 10, till: 0 }],
      ['b', { shop: 4, till: 4 }],
    ]);
  });

  it('goes on from a sequence, latest wins', async () => {
    const { inventory, feed, shown } = await open();
    for (const sku of ['a', 'b', 'c']) await inventory.receive(sku, 10);
    await shown();
    const [first] = await batchesAfter(feed, 0, await newestSequence());
    expect(first?.map(({ sku }) => sku)).toEqual(['a', 'b', 'c']);
    const after = first?.[1]?.sequence ?? 0;
    await inventory.receive('a', 1);
    await inventory.receive('a', 1);
    await shown();
    const [second] = await batchesAfter(feed, after, await newestSequence());
    expect(second?.map(({ sku, available }) => [sku, available.shop])).toEqual([
      ['c', 10],
      ['a', 12],
    ]);
  });

  it('wakes a follower that waits, and ends on request', async () => {
    const { inventory, feed } = await open();
    const stop = new AbortController();
    const batches = feed.follow({ after: 0, signal: stop.signal })[Symbol.asyncIterator]();
    const next = batches.next();
    await inventory.receive('a', 3);
    expect((await next).value).toMatchObject([{ sku: 'a', available: { shop: 3 } }]);
    const ended = batches.next();
    stop.abort();
    expect(await ended).toEqual({ value: undefined, done: true });
  });

  it('brings a follower that lost its place to the numbers of the view, in order, in every history', async () => {
    const history = fc.record({
      seed: fc.integer(),
      pageSize: fc.integer({ min: 1, max: 8 }),
      steps: fc.integer({ min: 20, max: 80 }),
      stopsAfter: fc.integer({ min: 1, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ seed, pageSize, steps, stopsAfter }) => {
        const { inventory, feed, shown } = await open(pageSize);
        const roll = dice(seed);
        const follower = new Follower(feed, stopsAfter);
        const following = follower.run();
        for (let step = 0; step < steps; step += 1) await anyStep(inventory, roll);
        await inventory.receive('the last', 1);
        await shown();
        await following;
        expect(follower.disorder).toEqual([]);
        expect(follower.numbers).toEqual(new Map((await rows()).map(({ sku, available }) => [sku, available])));
        await stopAll();
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  it('has the same sequences after a rebuild, wherever its pages end', async () => {
    const { inventory, shown } = await open(3);
    const roll = dice(11);
    for (let step = 0; step < 300; step += 1) await anyStep(inventory, roll);
    // A change and its opposite: numbers are as they were, and a follower has seen both.
    await inventory.defaults('shop', { buffer: 1 });
    await inventory.defaults('shop', { buffer: 2 });
    await inventory.defaults('shop', { buffer: 1 });
    await shown();
    const before = await places();
    for (const pageSize of [10_000, 7, 1]) {
      await rebuild(readModels, stockProjection, inventory.store, { pageSize });
      expect(await places()).toEqual(before);
    }
  });
});

/** Takes a few batches at a time, then begins again from the last sequence it has dealt with. */
class Follower {
  readonly numbers = new Map<string, Readonly<Record<string, number>>>();
  readonly disorder: string[] = [];
  private sequence = 0;

  constructor(
    private readonly feed: StockViewFeed,
    private readonly stopsAfter: number,
  ) {}

  async run(): Promise<void> {
    while (!this.numbers.has('the last')) {
      const stop = new AbortController();
      let left = this.stopsAfter;
      for await (const batch of this.feed.follow({ after: this.sequence, signal: stop.signal })) {
        this.take(batch);
        left -= 1;
        if (left === 0 || this.numbers.has('the last')) break;
      }
      stop.abort();
    }
  }

  private take(batch: readonly AvailabilityChange[]): void {
    let before = this.sequence;
    if ((batch[0]?.sequence ?? 0) <= this.sequence) this.disorder.push(`torn at ${this.sequence}`);
    for (const { sequence, sku, available } of batch) {
      if (sequence < before) this.disorder.push(`${sequence} after ${before}`);
      before = sequence;
      this.numbers.set(sku, available);
    }
    this.sequence = before;
  }
}
