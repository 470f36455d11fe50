import type { ProfileEvent } from '#contracts';
import { identityIdOf } from '../identity/identity.js';

/** Nothing, or what was recorded of one person. */
export type Profile =
  | { readonly status: 'unknown' }
  | { readonly status: 'known'; readonly identities: Set<string>; readonly orders: Set<string> };

/** Changes the sets it is given: a wholesaler has tens of thousands of orders. */
export function evolveProfile(profile: Profile, { type, data }: ProfileEvent): Profile {
  if (type === 'ProfileCreated') return { status: 'known', identities: new Set(), orders: new Set() };
  if (profile.status === 'unknown')
    throw new Error(`The stream of profile ${data.profileId} does not start with ProfileCreated.`);
  if (type === 'IdentityLinked') profile.identities.add(identityIdOf(data));
  else profile.orders.add(data.orderId);
  return profile;
}
