import { Rejected } from '#kernel';
import { availableToFulfil, levelOf, type StockFigures } from './figures.js';
import type { Stock } from './stock.js';

/** What holds for every SKU on one channel: where its goods come from, and its default rule. */
export interface ChannelPolicy {
  readonly channel: string;
  /** Locations that supply the channel, in the order in which they are asked. */
  readonly supply: readonly string[];
  readonly buffer: number;
  readonly cap?: number | undefined;
  readonly sharePercent: number;
}

/**
 * ATS: the units one channel may show and sell now, never below zero.
 *
 *     pool = sum over the channel's supply of max(0, free - safety) - quotas that other channels hold and have not used
 *     ATS  = 0 if restricted, else max(0, min(cap, floor(share * pool) - buffer))
 */
export function availableToSell(figures: StockFigures, policy: ChannelPolicy): number {
  const rule = figures.rules[policy.channel];
  if (rule?.restriction !== undefined) return 0;
  const supplied = policy.supply.reduce(
    (units, locationId) => units + availableToFulfil(levelOf(figures, locationId)),
    0,
  );
  const pool = Math.max(0, supplied - ringFenced(figures, policy.channel));
  const shown =
    Math.floor((pool * (rule?.sharePercent ?? policy.sharePercent)) / 100) - (rule?.buffer ?? policy.buffer);
  return Math.max(0, Math.min(rule?.cap ?? policy.cap ?? Number.POSITIVE_INFINITY, shown));
}

function ringFenced(figures: StockFigures, channel: string): number {
  let units = 0;
  for (const [other, { quota }] of Object.entries(figures.rules)) {
    if (other !== channel && quota !== undefined) units += Math.max(0, quota - (figures.quotaUsed[other] ?? 0));
  }
  return units;
}

/** Why a request for `units` is refused, or nothing when the channel may sell them. */
export function refuseBeyondAvailable(
  units: number,
  stock: Pick<Stock, 'revision' | 'figures'>,
  policy: ChannelPolicy,
): Rejected | undefined {
  if (stock.revision < 0) {
    return new Rejected(
      'not-found',
      'unknown-sku',
      'No stock was ever recorded for this SKU. Receive it first, or check the spelling.',
    );
  }
  const available = availableToSell(stock.figures, policy);
  if (units <= available) return undefined;
  const restriction = stock.figures.rules[policy.channel]?.restriction;
  if (restriction !== undefined) {
    return new Rejected('conflict', 'restricted', `This SKU may not be sold on ${policy.channel}: ${restriction}`, {
      restriction,
    });
  }
  return new Rejected('conflict', 'insufficient-stock', `Only ${available} left on ${policy.channel}.`, {
    requested: units,
    available,
  });
}
