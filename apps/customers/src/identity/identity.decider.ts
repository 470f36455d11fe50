import { type IdentityEvent, identityEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { decideIdentity, type IdentityCommand } from './identity.decide.js';
import { evolveIdentity, freeIdentity, type IdentityState } from './identity.js';

/** Streams `identity-<kind>.<hash>`. */
export const identityDecider: Decider<IdentityCommand, IdentityEvent, IdentityState> = {
  category: 'identity',
  eventTypes: typesOf(identityEvents),
  initialState: () => freeIdentity,
  decide: decideIdentity,
  evolve: evolveIdentity,
  memory: { rememberedCommands: 64 },
};
