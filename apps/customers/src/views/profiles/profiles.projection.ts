import type { IdentityEvent, IdentityKind, ProfileEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { bulkUpsert, type Projection, selectByKeys, type Tx } from '#read-models';

export interface ProfileRow {
  readonly profile_id: string;
  readonly created_at: string;
  readonly orders: number;
  readonly first_order_id: string | null;
  readonly first_order_at: string | null;
  readonly last_order_id: string | null;
  readonly last_order_at: string | null;
  /** Orders per channel. */
  readonly channels: Readonly<Record<string, number>>;
  /** Of the profile's stream: an event up to here is in the row. */
  readonly revision: number;
}

export interface IdentityRow {
  readonly kind: IdentityKind;
  readonly hash: string;
  readonly profile_id: string;
  readonly channel: string;
  readonly linked_at: string;
}

const profiles = {
  table: 'profiles',
  key: ['profile_id'],
  columns: {
    profile_id: 'text',
    created_at: 'timestamptz',
    orders: 'bigint',
    first_order_id: 'text',
    first_order_at: 'timestamptz',
    last_order_id: 'text',
    last_order_at: 'timestamptz',
    channels: 'jsonb',
    revision: 'bigint',
  },
} as const;
const identities = {
  table: 'identities',
  key: ['kind', 'hash'],
  columns: { kind: 'text', hash: 'text', profile_id: 'text', channel: 'text', linked_at: 'timestamptz' },
} as const;
const disputes = {
  table: 'disputes',
  key: ['kind', 'hash', 'other_profile_id'],
  columns: {
    kind: 'text',
    hash: 'text',
    profile_id: 'text',
    other_profile_id: 'text',
    order_id: 'text',
    disputed_at: 'timestamptz',
  },
} as const;

/** Who bought, how often and where, and what each is known by. */
export const profilesProjection: Projection = {
  name: 'profiles',
  version: 1,
  schema: `
    create table profiles (
      profile_id text collate "C" primary key,
      created_at timestamptz not null,
      orders bigint not null,
      first_order_id text,
      first_order_at timestamptz,
      last_order_id text,
      last_order_at timestamptz,
      channels jsonb not null,
      revision bigint not null
    );
    create table identities (
      kind text collate "C" not null,
      hash text collate "C" not null,
      profile_id text collate "C" not null,
      channel text not null,
      linked_at timestamptz not null,
      primary key (kind, hash)
    );
    create index identities_by_profile on identities (profile_id);
    create table disputes (
      kind text collate "C" not null,
      hash text collate "C" not null,
      profile_id text collate "C" not null,
      other_profile_id text collate "C" not null,
      order_id text not null,
      disputed_at timestamptz not null,
      primary key (kind, hash, other_profile_id)
    );
    create index disputes_by_profile on disputes (profile_id);
    create index disputes_by_other_profile on disputes (other_profile_id);
  `,
  types: ['ProfileCreated', 'IdentityLinked', 'OrderAttributed', 'IdentityDisputed'],
  apply: async (page, tx) => {
    const events = page as readonly Fact[];
    await writeProfiles(events, tx);
    await writeIdentities(events, tx);
    await writeDisputes(events, tx);
  },
  analystViews: [
    {
      name: 'profiles',
      description:
        'A row per person who bought, over all channels: number of orders, the first and the last, and orders per channel',
      select:
        'select profile_id, created_at, orders, first_order_id, first_order_at, last_order_id, last_order_at, channels from profiles',
    },
  ],
};

type Fact = RecordedEvent<ProfileEvent> | RecordedEvent<IdentityEvent>;

/** A row holds its stream up to its revision, so an event that is seen again changes nothing. */
async function writeProfiles(events: readonly Fact[], tx: Tx): Promise<void> {
  const changes = events.filter((event) => event.type === 'ProfileCreated' || event.type === 'OrderAttributed');
  const keys = [...new Set(changes.map(({ data }) => data.profileId))].map((profile_id) => ({ profile_id }));
  const stored = await selectByKeys<ProfileRow, typeof profiles.columns>(tx, { ...profiles, keys });
  const rows = new Map(stored.map((row) => [row.profile_id, row]));
  for (const event of changes) {
    const before = rows.get(event.data.profileId) ?? emptyProfile(event);
    if (event.revision <= before.revision) continue;
    const after = event.type === 'OrderAttributed' ? withOrder(before, event.data) : before;
    rows.set(after.profile_id, { ...after, revision: event.revision });
  }
  await bulkUpsert(tx, { ...profiles, rows: [...rows.values()], guard: 'revision' });
}

const emptyProfile = ({
  data: { profileId },
  recordedAt,
}: Extract<Fact, { type: 'ProfileCreated' | 'OrderAttributed' }>): ProfileRow => ({
  profile_id: profileId,
  created_at: recordedAt,
  orders: 0,
  first_order_id: null,
  first_order_at: null,
  last_order_id: null,
  last_order_at: null,
  channels: {},
  revision: -1,
});

/** Orders become known in any order; the first and the last are so by the time they were placed. */
function withOrder(
  row: ProfileRow,
  { orderId, channel, placedAt }: Extract<ProfileEvent, { type: 'OrderAttributed' }>['data'],
): ProfileRow {
  const isFirst = row.first_order_at === null || Date.parse(placedAt) < Date.parse(row.first_order_at);
  const isLast = row.last_order_at === null || Date.parse(placedAt) >= Date.parse(row.last_order_at);
  return {
    ...row,
    orders: row.orders + 1,
    ...(isFirst && { first_order_id: orderId, first_order_at: placedAt }),
    ...(isLast && { last_order_id: orderId, last_order_at: placedAt }),
    channels: { ...row.channels, [channel]: (row.channels[channel] ?? 0) + 1 },
  };
}

async function writeIdentities(events: readonly Fact[], tx: Tx): Promise<void> {
  const rows = new Map<string, IdentityRow>();
  for (const { type, data, recordedAt } of events) {
    if (type !== 'IdentityLinked') continue;
    const { kind, hash, profileId, channel } = data;
    rows.set(`${kind}.${hash}`, { kind, hash, profile_id: profileId, channel, linked_at: recordedAt });
  }
  await bulkUpsert(tx, { ...identities, rows: [...rows.values()] });
}

async function writeDisputes(events: readonly Fact[], tx: Tx): Promise<void> {
  const rows = new Map<string, object>();
  for (const { type, data, recordedAt } of events) {
    if (type !== 'IdentityDisputed') continue;
    const { kind, hash, profileId, otherProfileId, orderId } = data;
    rows.set(`${kind}.${hash}/${otherProfileId}`, {
      kind,
      hash,
      profile_id: profileId,
      other_profile_id: otherProfileId,
      order_id: orderId,
      disputed_at: recordedAt,
    });
  }
  await bulkUpsert(tx, { ...disputes, rows: [...rows.values()] });
}
