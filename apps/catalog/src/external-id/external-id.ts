import { type ExternalIdEvent, externalIdEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { decideExternalId, type ExternalIdCommand } from './external-id.decide.js';

export type ExternalId = { readonly status: 'free' } | { readonly status: 'claimed'; readonly sku: string };

/** Streams `externalid-<channel>.<external id, percent-encoded>`: what makes one id of a channel stand for one SKU. */
export const externalIdDecider: Decider<ExternalIdCommand, ExternalIdEvent, ExternalId> = {
  category: 'externalid',
  eventTypes: typesOf(externalIdEvents),
  initialState: () => FREE,
  decide: decideExternalId,
  evolve: (_, { type, data }) => (type === 'ExternalIdClaimed' ? { status: 'claimed', sku: data.sku } : FREE),
};

const FREE: ExternalId = { status: 'free' };
