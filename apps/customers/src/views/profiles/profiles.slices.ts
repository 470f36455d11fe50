import { z } from 'zod';
import { Rejected } from '#kernel';
import { channelIdSchema, type PersonalDataHasher, uuid } from '#platform';
import { customers } from '../../customers.slices.js';
import type { Identity } from '../../identity/identity.js';

const order = z.object({ orderId: z.string(), placedAt: z.string() });
const profile = z
  .object({
    profileId: z.string(),
    createdAt: z.string(),
    orders: z.int(),
    firstOrder: order.optional(),
    lastOrder: order.optional(),
    channels: z.array(z.object({ channel: z.string(), orders: z.int() })),
    identities: z
      .array(z.object({ kind: z.string(), channel: z.string(), linkedAt: z.string() }))
      .meta({ description: 'What the person is known by, up to 100; never the data itself' }),
    disputedWith: z.array(z.string()).meta({ description: 'Profiles that may be of the same person, up to 100' }),
  })
  .meta({ id: 'Profile' });

const person = z
  .union(
    [
      z.strictObject({ email: z.string().min(3).max(254) }),
      z.strictObject({ phone: z.string().min(3).max(32) }),
      z.strictObject({ channel: channelIdSchema, channelCustomerId: z.string().min(1).max(128) }),
    ],
    'Send one of: email; phone; channel with channelCustomerId.',
  )
  .meta({ id: 'ProfileLookup' });
type Person = z.output<typeof person>;

export const profileById = customers.query({
  name: 'ProfileById',
  summary: 'A person over all channels',
  path: { profileId: uuid },
  answer: profile,
  refusals: { 'not-found': ['unknown-profile'] },
  execute: ({ profileId }, { profilesQuery }) => profilesQuery.profile(profileId),
});

/** The person stands in a body, so that nothing personal is in an address or a log. */
export const lookUpProfile = customers.query({
  name: 'LookUpProfile',
  summary: 'The profile of a person known by an e-mail address, a phone number or an account on a channel',
  body: person,
  answer: profile,
  refusals: { 'not-found': ['unknown-profile'], invalid: ['identifies-nobody'] },
  execute: (asked, { profilesQuery, hasher }) => profilesQuery.profileKnownBy(identityOf(asked, hasher)),
});

function identityOf(asked: Person, hasher: PersonalDataHasher): Identity {
  const [kind, hash] =
    'email' in asked
      ? (['email', hasher.hashEmail(asked.email)] as const)
      : 'phone' in asked
        ? (['phone', hasher.hashPhone(asked.phone)] as const)
        : (['channel-customer', hasher.hashChannelCustomer(asked.channel, asked.channelCustomerId)] as const);
  if (hash === undefined)
    throw new Rejected('invalid', 'identifies-nobody', `This is no ${kind} that could identify a person.`);
  return { kind, hash };
}
