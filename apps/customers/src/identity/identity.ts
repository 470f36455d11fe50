import { type IdentityEvent, type IdentityKind, identityEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { decideIdentity, type IdentityCommand } from './identity.decide.js';

/** One thing a person is known by: a keyed hash, never what it was made of. */
export interface Identity {
  readonly kind: IdentityKind;
  readonly hash: string;
}

/** Names an identity, in its stream and elsewhere. */
export const identityIdOf = ({ kind, hash }: Identity): string => `${kind}.${hash}`;

export type IdentityState =
  | { readonly status: 'free' }
  | { readonly status: 'claimed'; readonly profileId: string; readonly disputedWith: ReadonlySet<string> };

/** Streams `identity-<kind>.<hash>`: once claimed, an identity leads to its profile for ever. */
export const identityDecider: Decider<IdentityCommand, IdentityEvent, IdentityState> = {
  category: 'identity',
  eventTypes: typesOf(identityEvents),
  initialState: () => FREE,
  decide: decideIdentity,
  evolve: (state, { type, data }) => {
    if (type === 'IdentityClaimed') return { status: 'claimed', profileId: data.profileId, disputedWith: new Set() };
    return state.status === 'free'
      ? state
      : { ...state, disputedWith: new Set(state.disputedWith).add(data.otherProfileId) };
  },
};

const FREE: IdentityState = { status: 'free' };
