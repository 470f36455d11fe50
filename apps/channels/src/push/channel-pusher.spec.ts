import { expect, it } from '@jest/globals';
import { systemClock } from '#kernel';
import { Outages, type ReadModels } from '#read-models';
import type { ChannelConnector } from '../connectors/connector.js';
import { ChannelGate } from './channel-gate.js';
import { ChannelPusher } from './channel-pusher.js';
import { PushLedger } from './push-ledger.js';

it('goes on after an answer of the channel could not be stored', async () => {
  const database = new FailsOnce();
  const pushed: number[] = [];
  const stop = new AbortController();
  const random = (): number => 0;
  const pusher = new ChannelPusher({
    channel: 'amber',
    connector: connectorThat((quantity) => pushed.push(quantity)),
    gate: new ChannelGate({ requestsPerSecond: 1_000, openAfterFailures: 5, openMs: 10, random }),
    ledger: new PushLedger(database),
    observer: { lag: () => {}, request: () => {} },
    clock: systemClock,
    readModels: database,
    random,
    maxInMemory: 10,
    rereadMs: 10,
  });

  const running = pusher.run(stop.signal);
  await database.acknowledged;
  stop.abort();
  await running;

  expect(pushed.length).toBeGreaterThan(1);
  expect(new Set(pushed)).toEqual(new Set([7]));
});

/** One listing that is due until its acknowledgement is stored; storing it fails the first time. */
class FailsOnce implements ReadModels {
  readonly log = { info: () => {}, warn: () => {}, error: () => {} };
  readonly #stored = Promise.withResolvers<void>();
  readonly acknowledged = this.#stored.promise;
  #attempts = 0;
  #due = true;

  readonly outages = new Outages(() => this.query());

  get leases(): never {
    throw new Error('The pusher needs no lease.');
  }

  async query<Row extends object>(): Promise<Row[]> {
    return (this.#due ? [DUE] : []) as object[] as Row[];
  }

  async execute(): Promise<number> {
    return 1;
  }

  async transaction<Result>(): Promise<Result> {
    this.#attempts += 1;
    if (this.#attempts === 1) throw new Error('No space left on device');
    this.#due = false;
    this.#stored.resolve();
    return [] as Result;
  }

  async migrate(): Promise<void> {}

  async close(): Promise<void> {}
}

const DUE = {
  channel: 'amber',
  sku: 'LAMP',
  externalId: 'A-1',
  quantity: 7,
  revision: 3,
  sequence: 12,
  since: '2026-01-31T12:00:00.000Z',
  listedAt: 1,
  ending: false,
  acknowledgedQuantity: 9,
  attempts: 0,
  nextAttemptAt: null,
};

const connectorThat = (takes: (quantity: number) => void): ChannelConnector => ({
  batchSize: 10,
  capabilities: { pullsOrders: false, readsStock: false },
  verify: () => undefined,
  read: ({ messageId }) => ({ kind: 'unreadable', reason: messageId }),
  readStock: () => Promise.reject(new Error('not asked for')),
  pullOrders: () => Promise.reject(new Error('not asked for')),
  pushStock: async (listings) => {
    for (const { quantity } of listings) takes(quantity);
    return { kind: 'answered', listings: new Map(listings.map(({ externalId }) => [externalId, { ok: true }])) };
  },
});
