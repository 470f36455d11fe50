import type { ExternalIdEvent } from '#contracts';

/** What one id of a channel stands for. */
export type ExternalId = { readonly status: 'free' } | { readonly status: 'claimed'; readonly sku: string };

export const freeExternalId: ExternalId = { status: 'free' };

export function evolveExternalId(_: ExternalId, { type, data }: ExternalIdEvent): ExternalId {
  return type === 'ExternalIdClaimed' ? { status: 'claimed', sku: data.sku } : freeExternalId;
}
