import { Rejected } from '#kernel';
import { type ReadModels } from '#read-models';
import type { Identity } from '../../identity/identity.js';
import type { IdentityRow, ProfileRow } from './profiles.projection.js';

/** A profile as it is answered: nothing in it says who the person is. */
export interface ProfileAnswer {
  readonly profileId: string;
  readonly createdAt: string;
  /** Without those that were declined or cancelled as a whole, as everywhere below. */
  readonly orders: number;
  readonly firstOrder?: { readonly orderId: string; readonly placedAt: string };
  readonly lastOrder?: { readonly orderId: string; readonly placedAt: string };
  readonly channels: readonly { readonly channel: string; readonly orders: number }[];
  /** What the person is known by, without the hashes. */
  readonly identities: readonly { readonly kind: string; readonly channel: string; readonly linkedAt: string }[];
  /** Profiles that may be of the same person. */
  readonly disputedWith: readonly string[];
}

/** Answers from the view `profiles`. */
export class ProfilesQuery {
  constructor(private readonly readModels: ReadModels) {}

  /** Throws `Rejected('unknown-profile')`. */
  async profile(profileId: string): Promise<ProfileAnswer> {
    const [[row], identities, disputes] = await Promise.all([
      this.readModels.query<Bought>('select * from analytics.profiles where profile_id = $1', [profileId]),
      this.readModels.query<IdentityRow>(
        'select * from view_profiles.identities where profile_id = $1 order by linked_at, kind, hash limit $2',
        [profileId, LIMIT],
      ),
      this.readModels.query<{ profile_id: string }>(
        `select other_profile_id as profile_id from view_profiles.disputes where profile_id = $1
         union select profile_id from view_profiles.disputes where other_profile_id = $1 order by 1 limit $2`,
        [profileId, LIMIT],
      ),
    ]);
    if (!row) throw unknownProfile();
    return {
      profileId,
      createdAt: row.created_at,
      orders: row.orders,
      ...ordersOf(row),
      channels: Object.entries(row.channels)
        .map(([channel, orders]) => ({ channel, orders }))
        .sort((a, b) => b.orders - a.orders || a.channel.localeCompare(b.channel)),
      identities: identities.map(({ kind, channel, linked_at }) => ({ kind, channel, linkedAt: linked_at })),
      disputedWith: disputes.map(({ profile_id }) => profile_id),
    };
  }

  /** The profile an identity leads to. Throws `Rejected('unknown-profile')`. */
  async profileKnownBy({ kind, hash }: Identity): Promise<ProfileAnswer> {
    const [row] = await this.readModels.query<IdentityRow>(
      'select * from view_profiles.identities where kind = $1 and hash = $2',
      [kind, hash],
    );
    if (!row) throw unknownProfile();
    return this.profile(row.profile_id);
  }
}

interface Bought extends ProfileRow {
  readonly orders: number;
  readonly first_order_id: string | null;
  readonly first_order_at: string | null;
  readonly last_order_id: string | null;
  readonly last_order_at: string | null;
  /** Orders per channel. */
  readonly channels: Readonly<Record<string, number>>;
}

/** Identities and disputes of one profile that are answered at most. */
const LIMIT = 100;

function ordersOf({ first_order_id, first_order_at, last_order_id, last_order_at }: Bought) {
  return {
    ...(first_order_id !== null &&
      first_order_at !== null && { firstOrder: { orderId: first_order_id, placedAt: first_order_at } }),
    ...(last_order_id !== null &&
      last_order_at !== null && { lastOrder: { orderId: last_order_id, placedAt: last_order_at } }),
  };
}

const unknownProfile = (): Rejected =>
  new Rejected('not-found', 'unknown-profile', 'Nobody is known by this, or not yet.');
