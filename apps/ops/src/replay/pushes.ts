import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { JsonClient } from '#client';

/** What one channel got until now, since the system started. */
export interface ChannelPushCounts {
  /** Numbers the channel acknowledged. */
  pushes: number;
  requests: number;
  /** Numbers whose lag was at most so many seconds; ascending, the last one counts all. */
  readonly lags: { readonly atMostSeconds: number; readonly count: number }[];
}

export type PushCounts = ReadonlyMap<string, ChannelPushCounts>;

/** Reads the push metrics of every channel (Prometheus text format). */
export async function readPushCounts(api: JsonClient): Promise<PushCounts> {
  const counts = new Map<string, ChannelPushCounts>();
  for (const line of (await api.getText('/metrics')).split('\n')) {
    const [, name = '', labels = '', value = ''] = /^einklang_channel_push_(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    const channel = /\bchannel="([^"]*)"/.exec(labels)?.[1];
    if (channel === undefined) continue;
    const count = counts.get(channel) ?? { pushes: 0, requests: 0, lags: [] };
    counts.set(channel, count);
    if (name === 'requests_total') count.requests += Number(value);
    if (name === 'lag_seconds_count') count.pushes = Number(value);
    if (name === 'lag_seconds_bucket') count.lags.push({ atMostSeconds: boundOf(labels), count: Number(value) });
  }
  return counts;
}

/** What came after `before`. Between two bounds of the histogram the lag is taken to be spread evenly. */
export function figuresSince(
  before: ChannelPushCounts | undefined,
  after: ChannelPushCounts = NOTHING,
): { readonly pushes: number; readonly requests: number; readonly p50Ms: number; readonly p99Ms: number } {
  const { pushes, requests, lags } = before ?? NOTHING;
  const since = after.lags.map(({ atMostSeconds, count }, index) => ({
    atMostSeconds,
    count: count - (lags[index]?.count ?? 0),
  }));
  return {
    pushes: after.pushes - pushes,
    requests: after.requests - requests,
    p50Ms: quantileMs(since, 0.5),
    p99Ms: quantileMs(since, 0.99),
  };
}

/**
 * Waits until no channel has a number to take any more. Throws when what waits has not become less for `stuckAfterMs`.
 *
 * What a view has just worked out reaches the queue of a channel a moment later: so nothing may wait for a while.
 */
export async function waitUntilPushed(
  api: JsonClient,
  channels: readonly string[],
  options: {
    /** Told how many numbers wait, and how many did at most; only while any does. */
    readonly onWaiting?: (waiting: number, most: number) => void;
    readonly signal?: AbortSignal;
    readonly stuckAfterMs?: number;
    readonly quietMs?: number;
  } = {},
): Promise<void> {
  const { onWaiting = () => {}, signal, stuckAfterMs = 60_000, quietMs = 2_000 } = options;
  let [most, least] = [0, Number.POSITIVE_INFINITY];
  let movedAt = performance.now();
  let quietSince: number | undefined;
  for (;;) {
    const waiting = await waitingOn(api, channels);
    const sum = waiting.reduce((total, channel) => total + channel.waiting, 0);
    const now = performance.now();
    quietSince = sum === 0 ? (quietSince ?? now) : undefined;
    if (quietSince !== undefined && now - quietSince >= quietMs) return;
    most = Math.max(most, sum);
    if (sum > 0) onWaiting(sum, most);
    if (sum < least) [least, movedAt] = [sum, now];
    if (now - movedAt > stuckAfterMs)
      throw new Error(
        `These channels do not take their numbers: ${waiting.map((channel) => `${channel.channel} (${channel.waiting} wait)`).join(', ')}.`,
      );
    await delay(POLL_MS, undefined, { signal });
  }
}

const POLL_MS = 100;
const NOTHING: ChannelPushCounts = { pushes: 0, requests: 0, lags: [] };

const lagAnswer = z.object({ items: z.array(z.object({ channel: z.string(), waiting: z.int() })) });

async function waitingOn(api: JsonClient, channels: readonly string[]): Promise<z.output<typeof lagAnswer>['items']> {
  const { items } = await api.get('/v1/channels/lag', lagAnswer);
  return items.filter(({ channel, waiting }) => channels.includes(channel) && waiting > 0);
}

const boundOf = (labels: string): number => {
  const bound = /\ble="([^"]*)"/.exec(labels)?.[1];
  return bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
};

function quantileMs(lags: ChannelPushCounts['lags'], quantile: number): number {
  const rank = quantile * (lags.at(-1)?.count ?? 0);
  let [below, from] = [0, 0];
  for (const { atMostSeconds, count } of lags) {
    // Nothing is known beyond the last bound.
    if (count >= rank && count > below)
      return Number.isFinite(atMostSeconds)
        ? (from + ((atMostSeconds - from) * (rank - below)) / (count - below)) * 1_000
        : from * 1_000;
    [below, from] = [count, atMostSeconds];
  }
  return 0;
}
