import type { IdentityEvent, IdentityKind, OrderEvent, ProfileEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { bulkUpsert, type Projection, type Tx } from '#read-models';

export interface ProfileRow {
  readonly profile_id: string;
  readonly created_at: string;
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
  columns: { profile_id: 'text', created_at: 'timestamptz' },
} as const;
const orders = {
  table: 'orders',
  key: ['order_id'],
  columns: { order_id: 'text', profile_id: 'text', channel: 'text', placed_at: 'timestamptz' },
} as const;
/** Orders that were declined or cancelled as a whole: they may become known before or after they find their profile. */
const emptied = {
  table: 'emptied',
  key: ['order_id'],
  columns: { order_id: 'text', is_empty: 'boolean', revision: 'bigint' },
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
  version: 2,
  schema: `
    create table profiles (
      profile_id text collate "C" primary key,
      created_at timestamptz not null
    );
    create table orders (
      order_id text collate "C" primary key,
      profile_id text collate "C" not null,
      channel text not null,
      placed_at timestamptz not null
    );
    create index orders_by_profile on orders (profile_id, placed_at, order_id);
    create table emptied (
      order_id text collate "C" primary key,
      is_empty boolean not null,
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
  types: [
    'ProfileCreated',
    'IdentityLinked',
    'OrderAttributed',
    'IdentityDisputed',
    'OrderDeclined',
    'SaleAmended',
    'OrderLinesCancelled',
  ],
  apply: async (page, tx) => {
    const events = page as readonly Fact[];
    await writeProfiles(events, tx);
    await writeOrders(events, tx);
    await writeEmptied(events, tx);
    await writeIdentities(events, tx);
    await writeDisputes(events, tx);
  },
  analystViews: [
    {
      name: 'profiles',
      description:
        'A row per person who bought, over all channels: number of orders, the first and the last, and orders per channel, without orders that were declined or cancelled as a whole',
      select: `
        select p.profile_id, p.created_at, coalesce(o.orders, 0) as orders, o.first_order_id, o.first_order_at, o.last_order_id,
               o.last_order_at, coalesce(o.channels, '{}') as channels
          from profiles p left join lateral (
            select sum(c.orders)::bigint as orders, (array_agg(c.first_id order by c.first_at, c.first_id))[1] as first_order_id,
                   min(c.first_at) as first_order_at, (array_agg(c.last_id order by c.last_at desc, c.last_id desc))[1] as last_order_id,
                   max(c.last_at) as last_order_at, jsonb_object_agg(c.channel, c.orders) as channels
              from (
                select channel, count(*) as orders, min(placed_at) as first_at, max(placed_at) as last_at,
                       (array_agg(order_id order by placed_at, order_id))[1] as first_id,
                       (array_agg(order_id order by placed_at desc, order_id desc))[1] as last_id
                  from orders k
                 where k.profile_id = p.profile_id
                   and not exists (select from emptied e where e.order_id = k.order_id and e.is_empty)
                 group by channel) c
            having count(*) > 0) o on true`,
    },
  ],
};

type OrderFact = Extract<OrderEvent, { type: 'OrderDeclined' | 'SaleAmended' | 'OrderLinesCancelled' }>;
type Fact = RecordedEvent<ProfileEvent> | RecordedEvent<IdentityEvent> | RecordedEvent<OrderFact>;

async function writeProfiles(events: readonly Fact[], tx: Tx): Promise<void> {
  const rows = new Map<string, ProfileRow>();
  for (const { type, data, recordedAt } of events) {
    if (type === 'ProfileCreated') rows.set(data.profileId, { profile_id: data.profileId, created_at: recordedAt });
  }
  await bulkUpsert(tx, { ...profiles, rows: [...rows.values()] });
}

/** An order belongs to one profile for good, so a row that is written again is the same. */
async function writeOrders(events: readonly Fact[], tx: Tx): Promise<void> {
  const rows = new Map<string, object>();
  for (const { type, data } of events) {
    if (type !== 'OrderAttributed') continue;
    const { orderId: order_id, profileId: profile_id, channel, placedAt: placed_at } = data;
    rows.set(order_id, { order_id, profile_id, channel, placed_at });
  }
  await bulkUpsert(tx, { ...orders, rows: [...rows.values()] });
}

/** A row holds its order up to its revision, so an event that is seen again changes nothing. */
async function writeEmptied(events: readonly Fact[], tx: Tx): Promise<void> {
  const rows = new Map<string, object>();
  for (const event of events) {
    const is_empty = emptiedBy(event);
    if (is_empty === undefined) continue;
    const { orderId: order_id } = event.data as OrderFact['data'];
    rows.set(order_id, { order_id, is_empty, revision: event.revision });
  }
  await bulkUpsert(tx, { ...emptied, rows: [...rows.values()], guard: 'revision' });
}

function emptiedBy({ type, data }: Fact): boolean | undefined {
  if (type === 'OrderDeclined') return true;
  return type === 'SaleAmended' || type === 'OrderLinesCancelled' ? data.emptied : undefined;
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
