import type { IdentityEvent, IdentityKind } from '#contracts';

/** One thing a person is known by: a keyed hash, never what it was made of. */
export interface Identity {
  readonly kind: IdentityKind;
  readonly hash: string;
}

/** Names an identity, in its stream and elsewhere. */
export const identityIdOf = ({ kind, hash }: Identity): string => `${kind}.${hash}`;

/** Whom an identity leads to: once claimed, permanently. */
export type IdentityState =
  | { readonly status: 'free' }
  | { readonly status: 'claimed'; readonly profileId: string; readonly disputedWith: ReadonlySet<string> };

export const freeIdentity: IdentityState = { status: 'free' };

export function evolveIdentity(state: IdentityState, { type, data }: IdentityEvent): IdentityState {
  if (type === 'IdentityClaimed') return { status: 'claimed', profileId: data.profileId, disputedWith: new Set() };
  return state.status === 'free'
    ? state
    : { ...state, disputedWith: new Set(state.disputedWith).add(data.otherProfileId) };
}
