import { setTimeout as delay } from 'node:timers/promises';
import { type AvailabilityFeed } from '#contracts';
import { reasonOf } from '#read-models';
import { ChannelReach } from '../channel-reach.js';
import { type ChannelConnector, ChannelUnreachable } from '../connectors/connector.js';
import { PushLedger } from '../push/push-ledger.js';
import { IntakeTable } from './intake-table.js';
import { OrdersPoller } from './orders-poller.js';

/**
 * What channels have sold, and whether our numbers know of it. A number that was computed before a sale was read would raise what
 * the channel shows, so before a channel gets a number its orders are pulled; where there are new ones, they are recorded,
 * booked, and in the ledger first.
 */
export class ChannelSales {
  readonly #channels = new Map<string, Reading>();

  constructor(
    private readonly poller: OrdersPoller,
    private readonly table: IntakeTable,
    private readonly ledger: PushLedger,
    private readonly reach: ChannelReach,
    private readonly feed: AvailabilityFeed,
  ) {}

  /** Pulls the channel's orders to the end; answers how many sales were new. Throws what the connector throws. */
  pull(channel: string, connector: ChannelConnector, signal: AbortSignal): Promise<number> {
    const reading = this.#readingOf(channel);
    const pulled = reading.last.then(async () => {
      try {
        const { read, stored } = await this.poller.poll(channel, connector, signal);
        reading.read += read;
        this.reach.succeeded(channel, 'read its orders');
        return stored;
      } catch (error) {
        if (!signal.aborted && error instanceof ChannelUnreachable)
          this.reach.failed(channel, 'read its orders', reasonOf(error));
        throw error;
      }
    });
    reading.last = pulled.catch(() => {});
    return pulled;
  }

  /**
   * True when everything that the channel had sold at the time of the call is in the ledger's numbers; false when that takes too
   * long. Throws what the connector throws.
   */
  async readUp(channel: string, connector: ChannelConnector, signal: AbortSignal): Promise<boolean> {
    if (!connector.capabilities.pullsOrders) return true;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
    const pulled = this.pull(channel, connector, signal).then(() => true);
    if (!(await Promise.race([pulled, aborted(limit)]))) {
      pulled.catch(() => {});
      return false;
    }
    const reading = this.#readingOf(channel);
    const { read } = reading;
    if (reading.digested < read && !(await this.#digested(channel, limit))) return false;
    reading.digested = Math.max(reading.digested, read);
    return true;
  }

  /** Waits until orders have what the intake holds, and until what that comes to is in the ledger. */
  async #digested(channel: string, limit: AbortSignal): Promise<boolean> {
    const last = await this.table.lastWaiting(channel);
    if (!(await until(async () => !(await this.table.waits(channel, last)), limit))) return false;
    if (!this.feed.settled) {
      await delay(UNSEEN_MS, undefined, { signal: limit }).catch(() => {});
      return !limit.aborted;
    }
    const sequence = await this.feed.settled(LIMIT_MS);
    return until(async () => (await this.ledger.sequence()) >= sequence, limit);
  }

  #readingOf(channel: string): Reading {
    let reading = this.#channels.get(channel);
    if (!reading) {
      // What was pulled before this process began may not be digested.
      reading = { last: Promise.resolve(), read: 1, digested: 0 };
      this.#channels.set(channel, reading);
    }
    return reading;
  }
}

interface Reading {
  /** Pulls of a channel run one after the other: each goes on from the watermark of the one before. */
  last: Promise<unknown>;
  /** Messages that pulls have read, and how many of them are in the ledger's numbers. */
  read: number;
  digested: number;
}

const LIMIT_MS = 5_000;
/** Where the feed cannot say how far it is: about what it takes from a sale to its number. */
const UNSEEN_MS = 2_000;

/** Asks again, soon at first. False when the signal aborts before it is so. */
async function until(condition: () => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  for (let pauseMs = 2; !signal.aborted; pauseMs = Math.min(100, pauseMs * 2)) {
    if (await condition()) return true;
    await delay(pauseMs, undefined, { signal }).catch(() => {});
  }
  return false;
}

const aborted = (signal: AbortSignal): Promise<boolean> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener('abort', () => resolve(false), { once: true });
  });
