import { CHANNELS } from './demo-plan.js';
import type { Einklang } from './einklang.js';
import type { Shops } from './shops.js';

export interface ChannelFigures {
  readonly channel: string;
  readonly orders: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Listings whose newest number the channel has not acknowledged. */
  readonly waiting: number;
  readonly shoppersPerSecond: number;
}

/** What the demo shows, as totals at one moment. */
export interface Figures {
  readonly atMs: number;
  readonly orders: number;
  readonly units: number;
  readonly pushes: number;
  readonly events: number;
  readonly oversoldUnits: number;
  readonly memoryBytes: number;
  readonly channels: readonly ChannelFigures[];
}

export async function readFigures(einklang: Einklang, shops: Shops, atMs: number): Promise<Figures> {
  const [status, lags, oversoldUnits, statistics] = await Promise.all([
    einklang.status(),
    einklang.lags(),
    einklang.oversoldUnits(),
    Promise.all(CHANNELS.map(({ channel }) => shops.statistics(channel))),
  ]);
  const total = (of: (channel: (typeof statistics)[number]) => number) =>
    statistics.reduce((sum, each) => sum + of(each), 0);
  return {
    atMs,
    orders: total(({ orders }) => orders),
    units: total(({ soldUnits }) => soldUnits),
    pushes: total(({ stockWrites }) => stockWrites),
    events: status.events,
    oversoldUnits,
    memoryBytes: status.memoryBytes,
    channels: CHANNELS.map(({ channel }, index) => {
      const { p50Ms = 0, p99Ms = 0, waiting = 0 } = lags.find((lag) => lag.channel === channel) ?? {};
      const { orders = 0, shoppersPerSecond = 0 } = statistics[index] ?? {};
      return { channel, orders, p50Ms, p99Ms, waiting, shoppersPerSecond };
    }),
  };
}
