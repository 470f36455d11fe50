import type { VariantEvent } from '#contracts';

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface Price {
  readonly currency: string;
  readonly amountMinor: number;
}

export interface KnownVariant {
  readonly status: 'known';
  readonly productId: string;
  readonly title: string;
  readonly attributes: Attributes;
  readonly prices: ReadonlyMap<string, Price>;
  /** External ids per channel, in the order in which they were listed. */
  readonly listings: ReadonlyMap<string, readonly string[]>;
}

export type Variant = { readonly status: 'unknown' } | KnownVariant;

export const unknownVariant: Variant = { status: 'unknown' };

export function evolveVariant(variant: Variant, { type, data }: VariantEvent): Variant {
  if (type === 'VariantAdded') {
    const { productId, title, attributes } = data;
    return { status: 'known', productId, title, attributes, prices: new Map(), listings: new Map() };
  }
  if (variant.status === 'unknown') throw new Error(`The stream of ${data.sku} does not start with VariantAdded.`);
  switch (type) {
    case 'VariantDescribed':
      return { ...variant, title: data.title, attributes: data.attributes };
    case 'PriceSet':
      return { ...variant, prices: new Map(variant.prices).set(data.channel, data) };
    case 'ListingCreated':
      return withListings(variant, data.channel, [...otherListings(variant, data), data.externalId]);
    case 'ListingEnded':
      return withListings(variant, data.channel, otherListings(variant, data));
    default:
      return type satisfies never;
  }
}

const otherListings = (
  { listings }: KnownVariant,
  { channel, externalId }: { readonly channel: string; readonly externalId: string },
): string[] => (listings.get(channel) ?? []).filter((each) => each !== externalId);

const withListings = (variant: KnownVariant, channel: string, externalIds: readonly string[]): KnownVariant => ({
  ...variant,
  listings: new Map(variant.listings).set(channel, externalIds),
});
