import { z } from 'zod';
import { defineEvents, type EventOf } from '../define-events.js';
import { instant, keyedHash } from '../shapes.js';

export const identityKind = z.enum(['email', 'phone', 'channel-customer']);
export type IdentityKind = z.output<typeof identityKind>;

/** Of stream `profile-<profileId>`. */
export const profileEvents = defineEvents({
  ProfileCreated: {
    when: 'A buyer who was unknown before bought something.',
    data: z.strictObject({ profileId: z.string(), channel: z.string() }),
  },
  IdentityLinked: {
    when: 'A profile is known by one more keyed hash.',
    data: z.strictObject({ profileId: z.string(), kind: identityKind, hash: keyedHash, channel: z.string() }),
  },
  OrderAttributed: {
    when: 'An order is known to be by the person of this profile.',
    data: z.strictObject({ profileId: z.string(), orderId: z.string(), channel: z.string(), placedAt: instant }),
  },
});
export type ProfileEvent = EventOf<typeof profileEvents>;

/** Of stream `identity-<kind>.<hash>`: makes sure that one hash leads to one profile. */
export const identityEvents = defineEvents({
  IdentityClaimed: {
    when: 'A keyed hash leads to a profile.',
    data: z.strictObject({ kind: identityKind, hash: keyedHash, profileId: z.string() }),
  },
  IdentityDisputed: {
    when: 'An order carried this hash beside another that leads to a different profile: a case for a merge.',
    data: z.strictObject({
      kind: identityKind,
      hash: keyedHash,
      profileId: z.string(),
      otherProfileId: z.string(),
      orderId: z.string(),
    }),
  },
});
export type IdentityEvent = EventOf<typeof identityEvents>;
