import { Rejected } from '#kernel';
import { type ReadModels, selectFields } from '#read-models';
import type { Identity } from '../../identity/identity.js';
import { type BoughtRow, boughtColumns, type IdentityRow, identitiesTable } from './profiles.projection.js';

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
    const [[row], known, disputes] = await Promise.all([
      this.readModels.query<BoughtRow>(
        `select ${selectFields(boughtColumns)} from analytics.profiles where profile_id = $1`,
        [profileId],
      ),
      this.readModels.query<IdentityRow>(
        `select ${identitiesTable.select()} from view_profiles.identities where profile_id = $1 order by linked_at, kind, hash limit $2`,
        [profileId, LIMIT],
      ),
      this.readModels.query<{ profileId: string }>(
        `select other_profile_id as "profileId" from view_profiles.disputes where profile_id = $1
         union select profile_id from view_profiles.disputes where other_profile_id = $1 order by 1 limit $2`,
        [profileId, LIMIT],
      ),
    ]);
    if (!row) throw unknownProfile();
    return {
      profileId,
      createdAt: row.createdAt,
      orders: row.orders,
      ...ordersOf(row),
      channels: Object.entries(row.channels)
        .map(([channel, orders]) => ({ channel, orders }))
        .sort((a, b) => b.orders - a.orders || a.channel.localeCompare(b.channel)),
      identities: known.map(({ kind, channel, linkedAt }) => ({ kind, channel, linkedAt })),
      disputedWith: disputes.map((other) => other.profileId),
    };
  }

  /** The profile an identity leads to. Throws `Rejected('unknown-profile')`. */
  async profileKnownBy({ kind, hash }: Identity): Promise<ProfileAnswer> {
    const [row] = await this.readModels.query<IdentityRow>(
      `select ${identitiesTable.select()} from view_profiles.identities where kind = $1 and hash = $2`,
      [kind, hash],
    );
    if (!row) throw unknownProfile();
    return this.profile(row.profileId);
  }
}

/** Identities and disputes of one profile that are answered at most. */
const LIMIT = 100;

function ordersOf({ firstOrderId, firstOrderAt, lastOrderId, lastOrderAt }: BoughtRow) {
  return {
    ...(firstOrderId !== null &&
      firstOrderAt !== null && { firstOrder: { orderId: firstOrderId, placedAt: firstOrderAt } }),
    ...(lastOrderId !== null && lastOrderAt !== null && { lastOrder: { orderId: lastOrderId, placedAt: lastOrderAt } }),
  };
}

const unknownProfile = (): Rejected =>
  new Rejected('not-found', 'unknown-profile', 'No person is known by this, or not yet.');
