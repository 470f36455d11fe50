import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '#kernel';
import type { ChannelConnector } from '../connectors/connector.js';
import type { PushLedger } from '../push/push-ledger.js';

/** A listing for which the channel shows another number than it acknowledged. */
export interface Difference {
  readonly sku: string;
  readonly externalId: string;
  readonly shown: number;
  readonly acknowledged: number;
  /** Place of the acknowledged number in the availability feed. */
  readonly sequence: number;
}

export interface Comparison {
  /** Listings whose numbers were compared. */
  readonly compared: number;
  /** Listings of the channel that were not compared, because their number is on its way or has just changed. */
  readonly ignored: number;
  /** Listings of ours that the channel did not show. */
  readonly missing: number;
  readonly differences: readonly Difference[];
}

/**
 * Compares what a channel shows with what it acknowledged, listing by listing. Changes nothing.
 *
 * A sale on its way to us looks like a difference. So what differs is looked at once more after `secondLookMs`, and
 * counts only when neither side has moved. Throws `ChannelUnreachable`.
 */
export async function compareWithChannel(
  channel: string,
  connector: ChannelConnector,
  ledger: PushLedger,
  options: {
    readonly clock: Clock;
    readonly secondLookMs: number;
    readonly signal: AbortSignal;
    /** Before each look: what the channel sold is no difference once we know of it. */
    readonly beforeLook?: () => Promise<void>;
  },
): Promise<Comparison> {
  const look = async () => {
    await options.beforeLook?.();
    return lookAtAll(channel, connector, ledger, options.clock, options.signal);
  };
  const first = await look();
  if (first.differences.length === 0) return first;
  await delay(options.secondLookMs, undefined, { signal: options.signal });
  const second = await look();
  const before = new Set(first.differences.map(keyOf));
  return { ...second, differences: second.differences.filter((difference) => before.has(keyOf(difference))) };
}

async function lookAtAll(
  channel: string,
  connector: ChannelConnector,
  ledger: PushLedger,
  clock: Clock,
  signal: AbortSignal,
): Promise<Comparison> {
  const differences: Difference[] = [];
  let [shown, compared] = [0, 0];
  for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
    const startedAtMs = clock.now();
    const page = await connector.readStock(after, signal);
    const numbers = new Map(page.items.map(({ externalId, quantity }) => [externalId, quantity]));
    const listed = await ledger.listed(channel, [...numbers.keys()]);
    shown += listed.length;
    for (const { sku, externalId, quantity, sequence, acknowledgedAt, settled } of listed) {
      const seen = numbers.get(externalId);
      // Acknowledged while the page was read: the page may be from before.
      if (!settled || seen === undefined || quantity === null || Date.parse(acknowledgedAt ?? '') >= startedAtMs)
        continue;
      compared += 1;
      if (seen !== quantity && differences.length < DIFFERENCES_MAX)
        differences.push({ sku, externalId, shown: seen, acknowledged: quantity, sequence });
    }
    if (page.next === after) break;
    after = page.next;
  }
  const listings = await ledger.countListings(channel);
  return { compared, ignored: shown - compared, missing: Math.max(0, listings - shown), differences };
}

/** More than this is not drift but another database: the rest is found by the next check. */
const DIFFERENCES_MAX = 10_000;

const keyOf = ({ externalId, shown, sequence }: Difference): string => `${externalId} ${shown} ${sequence}`;
