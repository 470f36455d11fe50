import type { IdentityEvent, IdentityKind, OrderEvent, ProfileEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { column, defineTable, orNull, type Projection, type RowOf, type Tx, type ValuesOf } from '#read-models';

const profilesTable = defineTable({
  name: 'profiles',
  columns: {
    profileId: column.code('The person, over all channels'),
    createdAt: column.instant('When the first order of the person became known'),
  },
  key: ['profileId'],
});

const ordersTable = defineTable({
  name: 'orders',
  columns: {
    orderId: column.code('The order'),
    profileId: column.code('Who bought'),
    channel: column.text('Where'),
    placedAt: column.instant('When'),
  },
  key: ['orderId'],
  indexes: { orders_by_profile: ['profileId', 'placedAt', 'orderId'] },
});

/** Orders that were declined or cancelled as a whole: they may become known before or after they find their profile. */
const emptiedTable = defineTable({
  name: 'emptied',
  columns: {
    orderId: column.code('The order'),
    isEmpty: column.boolean('Nothing of it is left'),
    revision: column.count('Of the event that says so'),
  },
  key: ['orderId'],
});

export const identitiesTable = defineTable({
  name: 'identities',
  columns: {
    kind: column.code<IdentityKind>('What the person is known by'),
    hash: column.code('Keyed hash of it'),
    profileId: column.code('Who is known by it'),
    channel: column.text('Where it was first seen'),
    linkedAt: column.instant('When it was first seen'),
  },
  key: ['kind', 'hash'],
  indexes: { identities_by_profile: ['profileId'] },
});
export type IdentityRow = RowOf<typeof identitiesTable>;

const disputesTable = defineTable({
  name: 'disputes',
  columns: {
    kind: column.code<IdentityKind>('What both are known by'),
    hash: column.code('Keyed hash of it'),
    profileId: column.code('Who was known by it first'),
    otherProfileId: column.code('Who else is'),
    orderId: column.text('The order that carries what both are known by'),
    disputedAt: column.instant('When that was seen'),
  },
  key: ['kind', 'hash', 'otherProfileId'],
  indexes: { disputes_by_profile: ['profileId'], disputes_by_other_profile: ['otherProfileId'] },
});

/** What analysts see of a person, and the answers about one are made of. */
export const boughtColumns = {
  profileId: profilesTable.columns.profileId,
  createdAt: profilesTable.columns.createdAt,
  orders: column.count('Neither declined nor cancelled as a whole', 'orders'),
  firstOrderId: orNull(column.code('The oldest of them; null where there is none')),
  firstOrderAt: orNull(column.instant('When that was placed')),
  lastOrderId: orNull(column.code('The newest of them; null where there is none')),
  lastOrderAt: orNull(column.instant('When that was placed')),
  channels: column.json<Readonly<Record<string, number>>>('Orders per channel'),
};
export type BoughtRow = ValuesOf<typeof boughtColumns>;

/** Who bought, how often and where, and what each is known by. */
export const profilesProjection: Projection = {
  name: 'profiles',
  version: 2,
  tables: [profilesTable, ordersTable, emptiedTable, identitiesTable, disputesTable],
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
      columns: boughtColumns,
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
  const rows = new Map<string, RowOf<typeof profilesTable>>();
  for (const { type, data, recordedAt } of events) {
    if (type === 'ProfileCreated') rows.set(data.profileId, { profileId: data.profileId, createdAt: recordedAt });
  }
  await profilesTable.upsert(tx, [...rows.values()]);
}

/** An order belongs to one profile for good, so a row that is written again is the same. */
async function writeOrders(events: readonly Fact[], tx: Tx): Promise<void> {
  const rows = new Map<string, RowOf<typeof ordersTable>>();
  for (const { type, data } of events) {
    if (type !== 'OrderAttributed') continue;
    const { orderId, profileId, channel, placedAt } = data;
    rows.set(orderId, { orderId, profileId, channel, placedAt });
  }
  await ordersTable.upsert(tx, [...rows.values()]);
}

/** A row holds its order up to its revision, so an event that is seen again changes nothing. */
async function writeEmptied(events: readonly Fact[], tx: Tx): Promise<void> {
  const rows = new Map<string, RowOf<typeof emptiedTable>>();
  for (const event of events) {
    const isEmpty = emptiedBy(event);
    if (isEmpty === undefined) continue;
    const { orderId } = event.data as OrderFact['data'];
    rows.set(orderId, { orderId, isEmpty, revision: event.revision });
  }
  await emptiedTable.upsert(tx, [...rows.values()], { guard: 'revision' });
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
    rows.set(`${kind}.${hash}`, { kind, hash, profileId, channel, linkedAt: recordedAt });
  }
  await identitiesTable.upsert(tx, [...rows.values()]);
}

async function writeDisputes(events: readonly Fact[], tx: Tx): Promise<void> {
  const rows = new Map<string, RowOf<typeof disputesTable>>();
  for (const { type, data, recordedAt } of events) {
    if (type !== 'IdentityDisputed') continue;
    const { kind, hash, profileId, otherProfileId, orderId } = data;
    rows.set(`${kind}.${hash}/${otherProfileId}`, {
      kind,
      hash,
      profileId,
      otherProfileId,
      orderId,
      disputedAt: recordedAt,
    });
  }
  await disputesTable.upsert(tx, [...rows.values()]);
}
