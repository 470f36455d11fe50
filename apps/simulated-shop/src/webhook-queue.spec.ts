import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from './random.js';
import { WELL_BEHAVED } from './shop-channel.js';
import { ManualClock } from './testing/manual-clock.js';
import {
  CAPACITY,
  CONCURRENCY,
  PAUSES_MS,
  type WebhookBehaviour,
  type WebhookOutcome,
  WebhookQueue,
} from './webhook-queue.js';

const DELIVERED: WebhookOutcome = { delivered: true };

/** A queue whose messages `receive` answers, with what it sent and counted. */
function queueWith(
  behaviour: Partial<WebhookBehaviour>,
  receive: (attempt: number) => WebhookOutcome | Promise<WebhookOutcome>,
) {
  const clock = new ManualClock();
  const start = clock.now();
  const seen = { sent: [] as string[], atMs: [] as number[], delivered: 0, failed: 0 };
  const queue = new WebhookQueue({
    clock,
    random: seededRandom(7),
    behaviour: () => ({ ...WELL_BEHAVED, ...behaviour }),
    onSent: () => seen.delivered++,
    onFailed: () => seen.failed++,
    async send({ messageId }) {
      seen.sent.push(messageId);
      seen.atMs.push(clock.now() - start);
      return receive(seen.sent.length);
    },
  });
  return { clock, queue, seen };
}

const offerAll = (queue: WebhookQueue, count: number) => {
  for (let number = 0; number < count; number++) queue.offer({ messageId: String(number), body: '{}' });
};

/** Lets what is resolved already be answered. */
const settle = () => setImmediate();

async function passing(clock: ManualClock, totalMs: number, stepMs: number) {
  for (let passedMs = 0; passedMs < totalMs; passedMs += stepMs) {
    clock.advance(stepMs);
    await settle();
  }
}

const inOrder = Array.from({ length: 10 }, (_, number) => String(number));

describe('the webhook queue', () => {
  it('sends at once and in order when nothing else is asked for', async () => {
    const { queue, seen } = queueWith({}, () => DELIVERED);
    offerAll(queue, 10);
    await settle();
    expect(seen.sent).toEqual(inOrder);
    expect(seen).toMatchObject({ delivered: 10, failed: 0 });
    expect(queue.waiting).toBe(0);
  });

  it('sends late when told to', async () => {
    const { clock, queue, seen } = queueWith({ webhookDelayMs: 2_000 }, () => DELIVERED);
    offerAll(queue, 1);
    clock.advance(1_999);
    expect(seen.sent).toEqual([]);
    clock.advance(1);
    expect(seen.atMs).toEqual([2_000]);
  });

  it('sends every message twice under one id when told to', async () => {
    const { queue, seen } = queueWith({ duplicatePercent: 100 }, () => DELIVERED);
    offerAll(queue, 2);
    await settle();
    expect(seen.sent).toEqual(['0', '0', '1', '1']);
  });

  it('sends out of order when told to, and the same way for the same seed', async () => {
    const orders: string[][] = [];
    for (let run = 0; run < 2; run++) {
      const { clock, queue, seen } = queueWith({ outOfOrder: true }, () => DELIVERED);
      offerAll(queue, 10);
      await passing(clock, 500, 1);
      orders.push(seen.sent);
    }
    expect(orders[0]).not.toEqual(inOrder);
    expect(orders[0]?.toSorted()).toEqual(inOrder);
    expect(orders[1]).toEqual(orders[0]);
  });

  it('loses what it is set up to lose, without a word', async () => {
    const { queue, seen } = queueWith({ loseWebhookPercent: 30 }, () => DELIVERED);
    offerAll(queue, 1_000);
    for (let round = 0; round < 1_000 / CONCURRENCY; round++) await settle();
    expect(seen.delivered).toBeGreaterThan(630);
    expect(seen.delivered).toBeLessThan(770);
    expect(seen.failed).toBe(0);
  });

  it('tries again with growing pauses until it is delivered', async () => {
    const { clock, queue, seen } = queueWith({}, (attempt) => (attempt < 4 ? { delivered: false } : DELIVERED));
    offerAll(queue, 1);
    await settle();
    await passing(clock, 10_000, 50);
    expect(seen.atMs).toEqual([0, 250, 1_250, 5_250]);
    expect(seen).toMatchObject({ delivered: 1, failed: 0 });
  });

  it('gives up after the last attempt', async () => {
    const { clock, queue, seen } = queueWith({}, () => ({ delivered: false }));
    offerAll(queue, 1);
    await settle();
    await passing(clock, 100_000, 50);
    expect(seen.sent).toHaveLength(PAUSES_MS.length + 1);
    expect(seen).toMatchObject({ delivered: 0, failed: 1 });
    expect(queue.waiting).toBe(0);
  });

  it('waits as long as the receiver asks for', async () => {
    const { clock, queue, seen } = queueWith({}, (attempt) =>
      attempt === 1 ? { delivered: false, retryAfterMs: 3_000 } : DELIVERED,
    );
    offerAll(queue, 1);
    await settle();
    await passing(clock, 4_000, 50);
    expect(seen.atMs).toEqual([0, 3_000]);
  });

  it('keeps few requests open and a bounded number waiting', () => {
    const { queue, seen } = queueWith({}, () => new Promise<WebhookOutcome>(() => {}));
    offerAll(queue, CAPACITY + CONCURRENCY + 5);
    expect(seen.sent).toHaveLength(CONCURRENCY);
    expect(queue.waiting).toBe(CAPACITY + CONCURRENCY);
    expect(seen.failed).toBe(5);
  });

  it('sends nothing once it is closed', () => {
    const { clock, queue, seen } = queueWith({ webhookDelayMs: 10 }, () => DELIVERED);
    offerAll(queue, 1);
    queue.close();
    clock.advance(1_000);
    expect(seen.sent).toEqual([]);
  });
});
