import type { IdentityEvent } from '#contracts';
import { Rejected } from '#kernel';
import type { Identity, IdentityState } from './identity.js';

export type ClaimIdentity = Identity & { readonly type: 'ClaimIdentity'; readonly profileId: string };
/** An order by the person of another profile carried this identity as well. */
export type DisputeIdentity = Identity & {
  readonly type: 'DisputeIdentity';
  readonly otherProfileId: string;
  readonly orderId: string;
};

export type IdentityCommand = ClaimIdentity | DisputeIdentity;

export function decideIdentity(command: IdentityCommand, state: IdentityState): IdentityEvent[] | Rejected {
  switch (command.type) {
    case 'ClaimIdentity':
      return claim(command, state);
    case 'DisputeIdentity':
      return dispute(command, state);
    default:
      return command satisfies never;
  }
}

function claim({ kind, hash, profileId }: ClaimIdentity, state: IdentityState): IdentityEvent[] | Rejected {
  if (state.status === 'free') return [{ type: 'IdentityClaimed', data: { kind, hash, profileId } }];
  if (state.profileId === profileId) return [];
  return new Rejected('conflict', 'identity-claimed', `This ${kind} leads to another profile by now.`, {
    profileId: state.profileId,
  });
}

/** One case per pair of profiles is enough to merge them, however many orders show it. */
function dispute({ kind, hash, otherProfileId, orderId }: DisputeIdentity, state: IdentityState): IdentityEvent[] {
  if (state.status === 'free' || state.profileId === otherProfileId || state.disputedWith.has(otherProfileId))
    return [];
  return [{ type: 'IdentityDisputed', data: { kind, hash, profileId: state.profileId, otherProfileId, orderId } }];
}
