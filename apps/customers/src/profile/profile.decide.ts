import type { ProfileEvent } from '#contracts';
import { type Identity, identityIdOf } from '../identity/identity.js';
import type { Profile } from './profile.js';

/** An order is by the person of this profile, who is known by these identities. */
export interface AttributeOrder {
  readonly type: 'AttributeOrder';
  readonly profileId: string;
  readonly orderId: string;
  readonly channel: string;
  readonly placedAt: string;
  /** Those that lead to this profile. */
  readonly identities: readonly Identity[];
}

/** Makes the profile with its first order, links what is new, and takes each order once. */
export function attributeOrder(command: AttributeOrder, profile: Profile): ProfileEvent[] {
  const { profileId, orderId, channel, placedAt, identities } = command;
  const isNew = profile.status === 'unknown';
  const unlinked = identities.filter((identity) => isNew || !profile.identities.has(identityIdOf(identity)));
  return [
    ...(isNew ? [{ type: 'ProfileCreated', data: { profileId, channel } } as const] : []),
    ...unlinked.map(
      ({ kind, hash }) => ({ type: 'IdentityLinked', data: { profileId, kind, hash, channel } }) as const,
    ),
    ...(isNew || !profile.orders.has(orderId)
      ? [{ type: 'OrderAttributed', data: { profileId, orderId, channel, placedAt } } as const]
      : []),
  ];
}
