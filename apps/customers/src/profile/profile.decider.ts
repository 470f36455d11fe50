import { z } from 'zod';
import { type ProfileEvent, profileEvents, typesOf } from '#contracts';
import type { Decider, RecordedEvent, StreamHistory } from '#event-sourcing';
import { type AttributeOrder, attributeOrder } from './profile.decide.js';
import { evolveProfile, type Profile } from './profile.js';

/** Streams `profile-<profileId>`. */
export const profileDecider: Decider<AttributeOrder, ProfileEvent, Profile> = {
  category: 'profile',
  eventTypes: typesOf(profileEvents),
  initialState: () => ({ status: 'unknown' }),
  decide: attributeOrder,
  evolve: evolveProfile,
  memory: { rememberedCommands: 64 },
  snapshot: {
    version: 1,
    everyEvents: 1_000,
    write: (profile) =>
      profile.status === 'unknown' ? {} : { identities: [...profile.identities], orders: [...profile.orders] },
    read: (json) => {
      const { identities, orders } = stored.parse(json);
      return identities && orders
        ? { status: 'known', identities: new Set(identities), orders: new Set(orders) }
        : { status: 'unknown' };
    },
  },
};

const stored = z.object({ identities: z.array(z.string()).optional(), orders: z.array(z.string()).optional() });

/** The e-mail addresses of a profile, as its stream has them. */
export function emailsOf({ snapshot, events }: StreamHistory): string[] {
  const start = snapshot ? profileDecider.snapshot?.read(snapshot.state) : undefined;
  const profile = events.reduce(
    (folded, event) => profileDecider.evolve(folded, event as RecordedEvent<ProfileEvent>),
    start ?? profileDecider.initialState(),
  );
  return profile.status === 'known' ? [...profile.identities].filter((id) => id.startsWith('email.')) : [];
}
