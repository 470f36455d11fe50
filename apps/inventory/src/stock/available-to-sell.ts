import { Rejected } from '#kernel';
import type { ChannelPolicy } from '../supply/channel-terms.js';
import type { Stock } from './stock.js';
import { availableToFulfil, levelOf, type StockFigures } from './stock-levels.js';

/**
 * ATS: the units one channel may show and sell now, never below zero.
 *
 *     pool = sum over the channel's supply of max(0, free - safety)
 *            - units sold and missing elsewhere that this supply has to serve
 *            - quotas that other channels hold and have not used
 *     ATS  = 0 if restricted, else max(0, min(cap, floor(share * pool) - buffer))
 */
export function availableToSell(figures: StockFigures, policy: ChannelPolicy): number {
  const rule = figures.rules[policy.channel];
  if (rule?.restriction !== undefined) return 0;
  const supplied = suppliedBy(figures, policy.supply);
  const pool = Math.max(0, supplied - owed(figures, policy) - ringFenced(figures, policy.channel));
  const shown =
    Math.floor((pool * (rule?.sharePercent ?? policy.sharePercent)) / 100) - (rule?.buffer ?? policy.buffer);
  return Math.max(0, Math.min(rule?.cap ?? policy.cap ?? Number.POSITIVE_INFINITY, shown));
}

const suppliedBy = (figures: StockFigures, locationIds: readonly string[]): number =>
  locationIds.reduce((units, locationId) => units + availableToFulfil(levelOf(figures, locationId)), 0);

/**
 * Missing units that come out of this channel's supply as soon as it holds them: all of orders whose channel has the same
 * supply, at most what the shared locations hold of the others. Where it is not known whose they are, those that are missing
 * within reach.
 */
export function owed(figures: StockFigures, { supply, sharedWith = {}, reach = supply }: ChannelPolicy): number {
  let units = 0;
  const partly = new Map<string, number>();
  for (const locationId in figures.waiting) {
    for (const { channel, units: missing } of figures.waiting[locationId] ?? []) {
      if (channel === undefined) units += locationId === UNASSIGNED || reach.includes(locationId) ? missing : 0;
      else if (sharedWith[channel]) partly.set(channel, (partly.get(channel) ?? 0) + missing);
      else units += missing;
    }
  }
  for (const [channel, missing] of partly) units += Math.min(missing, suppliedBy(figures, sharedWith[channel] ?? []));
  return units;
}

/** Where a sale is booked that no location could have served. */
export const UNASSIGNED = 'unassigned';

function ringFenced(figures: StockFigures, channel: string): number {
  let units = 0;
  for (const [other, { quota }] of Object.entries(figures.rules)) {
    if (other !== channel && quota !== undefined) units += Math.max(0, quota - (figures.quotaUsed[other] ?? 0));
  }
  return units;
}

/** Why a request for `units` is refused, or nothing when the channel may sell them; `kept` of them are kept for it already. */
export function refuseBeyondAvailable(
  units: number,
  stock: Pick<Stock, 'revision' | 'figures'>,
  policy: ChannelPolicy,
  kept = 0,
): Rejected | undefined {
  if (stock.revision < 0) {
    return new Rejected(
      'not-found',
      'unknown-sku',
      'No stock was ever recorded for this SKU. Receive it first, or check the spelling.',
    );
  }
  if (units <= kept) return undefined;
  const available = kept + availableToSell(stock.figures, policy);
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
