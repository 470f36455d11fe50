import { type ExternalIdEvent, externalIdEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { decideExternalId, type ExternalIdCommand } from './external-id.decide.js';
import { type ExternalId, evolveExternalId, freeExternalId } from './external-id.js';

/** Streams `externalid-<channel>.<external id, percent-encoded>`: what makes one id of a channel stand for one SKU. */
export const externalIdDecider: Decider<ExternalIdCommand, ExternalIdEvent, ExternalId> = {
  category: 'externalid',
  eventTypes: typesOf(externalIdEvents),
  initialState: () => freeExternalId,
  decide: decideExternalId,
  evolve: evolveExternalId,
  memory: { rememberedCommands: 64 },
};
