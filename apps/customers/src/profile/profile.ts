import { type ProfileEvent, profileEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { identityIdOf } from '../identity/identity.js';
import { type AttributeOrder, attributeOrder } from './profile.decide.js';

/** Nothing, or what was recorded of one person. */
export type Profile =
  | { readonly status: 'unknown' }
  | { readonly status: 'known'; readonly identities: Set<string>; readonly orders: Set<string> };

/** Streams `profile-<profileId>`. */
export const profileDecider: Decider<AttributeOrder, ProfileEvent, Profile> = {
  category: 'profile',
  eventTypes: typesOf(profileEvents),
  initialState: () => ({ status: 'unknown' }),
  decide: attributeOrder,
  evolve,
  // A wholesaler has tens of thousands of orders.
  snapshot: {
    version: 1,
    everyEvents: 1_000,
    write: (profile) =>
      profile.status === 'unknown' ? {} : { identities: [...profile.identities], orders: [...profile.orders] },
    read: (json) => {
      const { identities, orders } = json as { identities?: string[]; orders?: string[] };
      return identities && orders
        ? { status: 'known', identities: new Set(identities), orders: new Set(orders) }
        : { status: 'unknown' };
    },
  },
};

function evolve(profile: Profile, { type, data }: ProfileEvent): Profile {
  if (type === 'ProfileCreated') return { status: 'known', identities: new Set(), orders: new Set() };
  if (profile.status === 'unknown') throw new Error(`The stream of profile ${data.profileId} does not start with ProfileCreated.`);
  if (type === 'IdentityLinked') profile.identities.add(identityIdOf(data));
  else profile.orders.add(data.orderId);
  return profile;
}
