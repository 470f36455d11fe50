import type { VariantEvent } from '#contracts';
import { Rejected } from '#kernel';
import type { Attributes, KnownVariant, Price, Variant } from './variant.js';

interface OfVariant {
  readonly sku: string;
}
export interface AddVariant extends OfVariant {
  readonly type: 'AddVariant';
  readonly productId: string;
  readonly title: string;
  readonly attributes: Attributes;
}
export interface DescribeVariant extends OfVariant {
  readonly type: 'DescribeVariant';
  readonly title: string;
  readonly attributes: Attributes;
}
export interface SetPrice extends OfVariant, ChannelPrice {
  readonly type: 'SetPrice';
}
/** Offers the variant under an external id that the caller claims in the same breath, beside others it is offered under there. */
export interface ListVariant extends OfVariant, ChannelListing {
  readonly type: 'ListVariant';
}
/** Ends some listings, or all there are on the channel; the caller releases their external ids. */
export interface EndListings extends OfVariant {
  readonly type: 'EndListings';
  readonly channel: string;
  readonly externalIds: readonly string[];
  /** True where the caller takes it that there are no others. */
  readonly all: boolean;
}
/** Adds the variant or changes it to be as said here. Prices, listings and attributes not named stay. */
export interface ImportVariant extends OfVariant {
  readonly type: 'ImportVariant';
  readonly productId: string;
  readonly title: string;
  readonly attributes?: Attributes | undefined;
  readonly prices: readonly ChannelPrice[];
  readonly listings: readonly ChannelListing[];
}

/** Changes nothing; refused when the variant is listed as that. */
export interface RequireNoListing extends OfVariant, ChannelListing {
  readonly type: 'RequireNoListing';
}

export type VariantCommand =
  | AddVariant
  | DescribeVariant
  | SetPrice
  | ListVariant
  | EndListings
  | ImportVariant
  | RequireNoListing;

export interface ChannelPrice extends Price {
  readonly channel: string;
}
export interface ChannelListing {
  readonly channel: string;
  readonly externalId: string;
  /** The listing whose place it takes: it ends, and the caller releases its external id. */
  readonly replaces?: string | undefined;
}

/**
 * Listings end together with the claims on their external ids, so the caller names them. When the variant is listed as others, this
 * says as what, and the caller decides again.
 */
export class ListingConflict extends Rejected {
  constructor(readonly externalIds: readonly string[]) {
    super('conflict', 'listing-changed', 'The listing changed at the same time. Send the request again.');
  }
}

export function decideVariant(command: VariantCommand, variant: Variant): VariantEvent[] | Rejected {
  if (command.type === 'AddVariant') return addVariant(command, variant);
  if (command.type === 'ImportVariant') return importVariant(command, variant);
  if (command.type === 'RequireNoListing') return isListed(variant, command) ? listed(command) : [];
  if (variant.status === 'unknown') return unknownSku(command.sku);
  switch (command.type) {
    case 'DescribeVariant':
      return describeVariant(command, variant);
    case 'SetPrice':
      return setPrice(command.sku, command, variant);
    case 'ListVariant':
      return list(command.sku, variant, [command]);
    case 'EndListings':
      return endListings(command, variant);
    default:
      return command satisfies never;
  }
}

function addVariant({ sku, productId, title, attributes }: AddVariant, variant: Variant): VariantEvent[] | Rejected {
  if (variant.status === 'unknown') return [{ type: 'VariantAdded', data: { sku, productId, title, attributes } }];
  if (variant.productId !== productId) return skuTaken(sku, variant);
  if (isDescribedAs(variant, { title, attributes })) return [];
  return new Rejected(
    'conflict',
    'sku-exists',
    `${sku} exists with another title or other attributes. Change it with PUT.`,
  );
}

function describeVariant({ sku, title, attributes }: DescribeVariant, variant: KnownVariant): VariantEvent[] {
  if (isDescribedAs(variant, { title, attributes })) return [];
  return [{ type: 'VariantDescribed', data: { sku, title, attributes } }];
}

function setPrice(sku: string, { channel, currency, amountMinor }: ChannelPrice, variant: Variant): VariantEvent[] {
  const price = variant.status === 'known' ? variant.prices.get(channel) : undefined;
  if (price?.currency === currency && price.amountMinor === amountMinor) return [];
  return [{ type: 'PriceSet', data: { sku, channel, currency, amountMinor } }];
}

function importVariant(command: ImportVariant, variant: Variant): VariantEvent[] | Rejected {
  const { sku, productId, title, attributes, prices, listings } = command;
  if (variant.status === 'known' && variant.productId !== productId) return skuTaken(sku, variant);
  const described =
    variant.status === 'known'
      ? describeVariant({ type: 'DescribeVariant', sku, title, attributes: attributes ?? variant.attributes }, variant)
      : addVariant({ type: 'AddVariant', sku, productId, title, attributes: attributes ?? {} }, variant);
  if (described instanceof Rejected) return described;
  return [...described, ...prices.flatMap((price) => setPrice(sku, price, variant)), ...list(sku, variant, listings)];
}

/** A listing that is wanted itself is not replaced. */
function list(sku: string, variant: Variant, wanted: readonly ChannelListing[]): VariantEvent[] {
  const isWanted = (channel: string, externalId: string) =>
    wanted.some((listing) => listing.channel === channel && listing.externalId === externalId);
  return wanted.flatMap(({ channel, externalId, replaces }) => {
    const events: VariantEvent[] = [];
    if (replaces !== undefined && !isWanted(channel, replaces) && isListed(variant, { channel, externalId: replaces }))
      events.push({ type: 'ListingEnded', data: { sku, channel, externalId: replaces } });
    if (!isListed(variant, { channel, externalId }))
      events.push({ type: 'ListingCreated', data: { sku, channel, externalId } });
    return events;
  });
}

function endListings(
  { sku, channel, externalIds, all }: EndListings,
  variant: KnownVariant,
): VariantEvent[] | Rejected {
  const listed = variant.listings.get(channel) ?? [];
  const ending = listed.filter((externalId) => externalIds.includes(externalId));
  if (all && (ending.length < listed.length || listed.length < externalIds.length)) return new ListingConflict(listed);
  return ending.map((externalId) => ({ type: 'ListingEnded', data: { sku, channel, externalId } }));
}

const isListed = (variant: Variant, { channel, externalId }: ChannelListing): boolean =>
  variant.status === 'known' && (variant.listings.get(channel)?.includes(externalId) ?? false);

const isDescribedAs = (
  variant: KnownVariant,
  { title, attributes }: Pick<KnownVariant, 'title' | 'attributes'>,
): boolean => variant.title === title && haveSameEntries(variant.attributes, attributes);

function haveSameEntries(one: Attributes, other: Attributes): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

const unknownSku = (sku: string): Rejected =>
  new Rejected('not-found', 'unknown-sku', `There is no variant ${sku}. Add it to a product first.`);

const listed = ({ sku, channel, externalId }: RequireNoListing): Rejected =>
  new Rejected('conflict', 'listed', `${sku} is listed on ${channel} as ${externalId}.`);

const skuTaken = (sku: string, { productId }: KnownVariant): Rejected =>
  new Rejected('conflict', 'sku-taken', `${sku} belongs to product ${productId}.`, { sku, productId });
