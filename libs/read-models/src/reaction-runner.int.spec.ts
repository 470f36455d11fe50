import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RecordedEvent } from '#event-sourcing';
import { createTestDatabase, eventually, InMemoryEventStore, type TestDatabase } from '#testing';
import { receive, skus, WAITING } from '../test/stock-view.js';
import {
  openReadModels,
  parkedEvents,
  ReactionRunner,
  type ReactionRunnerOptions,
  type ReadModels,
  unpark,
} from './index.js';

const NAME = 'when-stock-received-tell-the-spec';

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let runner: ReactionRunner;
let told: number[];
let poison: (event: RecordedEvent) => boolean;

beforeEach(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
  store = new InMemoryEventStore();
  told = [];
  poison = () => false;
});

afterEach(async () => {
  await runner.stop();
  await readModels.close();
  await store.close();
  await database.drop();
});

function started(options: ReactionRunnerOptions = {}): ReactionRunner {
  const react = async (events: readonly RecordedEvent[]) => {
    const bad = events.find(poison);
    if (bad) throw new Error(`cannot digest ${bad.position}`);
    told.push(...events.map(({ position }) => position));
  };
  runner = new ReactionRunner(readModels, { name: NAME, types: ['StockReceived'], react }, store, {
    attempts: 3,
    backoffMsMin: 2,
    backoffMsMax: 20,
    standbyMs: 20,
    ...options,
  });
  runner.start();
  return runner;
}

const positions = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const parkedPositions = async () => (await parkedEvents(readModels, NAME)).map(({ position }) => position);
const inOrder = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

describe('a reaction', () => {
  it('gets every event once in order, over a stop', async () => {
    await receive(store, skus(300));
    await started({ pageSize: 50 }).waitFor(150, 10_000);
    await runner.stop();
    await started({ pageSize: 50 }).waitFor(300, 10_000);
    await receive(store, skus(5), 'PriceChanged');
    await runner.waitFor(await receive(store, skus(1)), 10_000);
    expect(told).toEqual([...positions(1, 300), 306]);
  });

  it('gets pages of the size it asks for', async () => {
    await receive(store, skus(120));
    const sizes: number[] = [];
    const react = async (events: readonly RecordedEvent[]) => {
      sizes.push(events.length);
    };
    runner = new ReactionRunner(readModels, { name: NAME, types: ['StockReceived'], pageSize: 50, react }, store);
    runner.start();
    await runner.waitFor(120, 10_000);
    expect(sizes).toEqual([50, 50, 20]);
  });

  it('gets pages by weight: three of its heaviest events are a page, whatever their number may be', async () => {
    await receive(
      store,
      Array.from({ length: 9 }, (_, index) => `${index}`.padEnd(800_000, 'x')),
    );
    const sizes: number[] = [];
    const react = async (events: readonly RecordedEvent[]) => {
      sizes.push(events.length);
    };
    runner = new ReactionRunner(readModels, { name: NAME, types: ['StockReceived'], react }, store);
    runner.start();
    await runner.waitFor(9, 10_000);
    expect(sizes).toEqual([3, 3, 3]);
  });

  it('gets events again rather than never when the connection is lost before the checkpoint', async () => {
    const locked = Promise.withResolvers<void>();
    let killing: Promise<void> | undefined;
    // Holds the checkpoint's row until the runner waits for it, and then cuts the runner's connection.
    const killCheckpoint = () =>
      readModels.transaction(async (tx) => {
        await tx.query('select from read_models.checkpoints for update');
        locked.resolve();
        await eventually(async () => (await tx.query(`select from pg_locks where ${WAITING}`)).length > 0);
        await tx.execute(`select pg_terminate_backend(pid) from pg_locks where ${WAITING}`);
      });
    runner = new ReactionRunner(
      readModels,
      {
        name: NAME,
        types: ['StockReceived'],
        react: async (events) => {
          told.push(...events.map(({ position }) => position));
          killing ??= killCheckpoint();
          await locked.promise;
        },
      },
      store,
      { pageSize: 10, backoffMsMin: 2, standbyMs: 20 },
    );
    runner.start();
    await runner.waitFor(await receive(store, skus(40)), 10_000);
    await killing;
    expect(told).toEqual([...positions(1, 10), ...positions(1, 40)]);
  });

  it('parks an event that keeps failing with what follows on its stream; other streams go on', async () => {
    poison = ({ position }) => position === 3;
    await receive(store, ['a', 'b']);
    await receive(store, ['poison']);
    await receive(store, ['c', 'poison']);
    await started().waitFor(5, 10_000);
    expect(inOrder(told)).toEqual([1, 2, 4]);
    await runner.waitFor(await receive(store, ['a', 'poison', 'b']), 10_000);
    expect(inOrder(told)).toEqual([1, 2, 4, 6, 8]);
    expect(await parkedEvents(readModels, NAME)).toMatchObject([
      {
        position: 3,
        stream: 'stock-poison',
        type: 'StockReceived',
        error: 'cannot digest 3',
        attempts: 4,
        retry: false,
      },
      { position: 5, attempts: 0, error: 'waits behind an earlier event of its stream' },
      { position: 7, attempts: 0 },
    ]);
    expect(runner.status()).toMatchObject({ state: 'running', ready: true, parked: 3, failures: 0 });
  });

  it('retries what is unparked, in order, and keeps it parked when it fails again', async () => {
    poison = ({ position }) => position === 2;
    await receive(store, ['a', 'poison', 'poison']);
    await started().waitFor(3, 10_000);
    expect(await unpark(readModels, NAME)).toBe(2);
    await eventually(async () => (await parkedEvents(readModels, NAME))[0]?.attempts === 5);
    expect(await parkedPositions()).toEqual([2, 3]);
    expect(told).toEqual([1]);

    poison = () => false;
    expect(await unpark(readModels, NAME, 'stock-other')).toBe(0);
    expect(await unpark(readModels, NAME, 'stock-poison')).toBe(2);
    await eventually(() => runner.status().parked === 0);
    expect(told).toEqual([1, 2, 3]);
    await runner.waitFor(await receive(store, ['poison']), 10_000);
    expect(told).toEqual([1, 2, 3, 4]);
  });

  it('still knows its parked streams after a restart', async () => {
    poison = ({ position }) => position === 1;
    await receive(store, ['poison', 'a']);
    await started().waitFor(2, 10_000);
    await runner.stop();
    poison = () => false;
    await started().waitFor(await receive(store, ['poison', 'b']), 10_000);
    expect(await parkedPositions()).toEqual([1, 3]);
    expect(inOrder(told)).toEqual([2, 4]);
  });

  it('parks nothing while nothing at all succeeds', async () => {
    poison = () => true;
    const position = await receive(store, skus(20, 20));
    started();
    await eventually(() => runner.status().failures >= 10);
    expect(runner.status()).toMatchObject({ ready: false, parked: 0, position: 0 });
    poison = () => false;
    await runner.waitFor(position, 10_000);
    expect(told).toEqual(positions(1, 20));
  });
});
