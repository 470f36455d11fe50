import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IdentityEvent, IdentityKind, OrderEvent, ProfileEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { idFrom } from '#kernel';
import { compareProjection, openReadModels, ProjectionRunner, type ReadModels, schemaOf } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { profilesProjection } from './profiles.projection.js';
import { ProfilesQuery } from './profiles.query.js';

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let projector: ProjectionRunner;
let query: ProfilesQuery;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 4 });
  query = new ProfilesQuery(readModels);
});
afterAll(async () => {
  await readModels.close();
  await database.drop();
});
beforeEach(async () => {
  await readModels.execute(
    `drop schema if exists ${schemaOf('profiles')} cascade; delete from read_models.checkpoints`,
  );
  store = new InMemoryEventStore();
  projector = new ProjectionRunner(readModels, profilesProjection, store);
});
afterEach(() => projector.stop());

const ada = idFrom('ada');
const eve = idFrom('eve');
const identity = (kind: IdentityKind, digit: string) => ({ kind, hash: digit.repeat(64) });
const created = (profileId: string): ProfileEvent => ({ type: 'ProfileCreated', data: { profileId, channel: 'etsy' } });
const linked = (profileId: string, kind: IdentityKind, digit: string, channel = 'etsy'): ProfileEvent => ({
  type: 'IdentityLinked',
  data: { profileId, ...identity(kind, digit), channel },
});
const ordered = (profileId: string, orderId: string, day: string, channel = 'etsy'): ProfileEvent => ({
  type: 'OrderAttributed',
  data: { profileId, orderId, channel, placedAt: `2026-03-${day}T10:00:00.000Z` },
});
const disputed: IdentityEvent = {
  type: 'IdentityDisputed',
  data: { ...identity('phone', 'c'), profileId: eve, otherProfileId: ada, orderId: 'etsy.3' },
};

const lines = [{ lineId: '1', sku: 'MUG', units: 1 }];
const cancelled = (orderId: string, changes: { emptied?: boolean } = { emptied: true }): OrderEvent => ({
  type: 'OrderLinesCancelled',
  data: { orderId, channel: 'etsy', lines, reason: 'test', ...changes },
});
const amended = (orderId: string, changes: { emptied?: boolean }): OrderEvent => ({
  type: 'SaleAmended',
  data: { orderId, channel: 'etsy', externalRevision: 2, lines: [], changes: [], ...changes },
});
const declined = (orderId: string): OrderEvent => ({ type: 'OrderDeclined', data: { orderId, short: [] } });

type AnyFact = ProfileEvent | IdentityEvent | OrderEvent;

/** Orders become known late: neither the first nor the last comes in its turn. */
const history: readonly AnyFact[] = [
  created(ada),
  linked(ada, 'email', 'a'),
  ordered(ada, 'etsy.2', '02'),
  created(eve),
  linked(eve, 'phone', 'c'),
  ordered(eve, 'shop.1', '05', 'shop'),
  ordered(ada, 'etsy.3', '03'),
  linked(ada, 'phone', 'b', 'shop'),
  ordered(ada, 'shop.9', '09', 'shop'),
  disputed,
  declined('etsy.0'),
  cancelled('etsy.1', {}),
  ordered(ada, 'etsy.1', '01'),
  ordered(ada, 'etsy.0', '01'),
  ordered(ada, 'shop.8', '08', 'shop'),
  cancelled('shop.8'),
  ordered(ada, 'etsy.4', '10'),
  cancelled('etsy.4'),
  amended('etsy.4', {}),
];

let appended = 0;
async function record(facts: readonly AnyFact[]): Promise<RecordedEvent[]> {
  for (const fact of facts) {
    appended += 1;
    const stream = streamOf(fact);
    const metadata = {
      commandId: `${appended}`,
      correlationId: 'c',
      actor: 'test',
      occurredAt: '2026-03-01T00:00:00.000Z',
    };
    await store.append([{ stream, expected: 'any', events: [{ id: idFrom(`${appended}`), ...fact, metadata }] }]);
  }
  return [...(await store.readAll({ after: 0 })).events];
}

function streamOf({ type, data }: AnyFact): string {
  if (type === 'IdentityDisputed') return `identity-${data.kind}.${data.hash}`;
  return 'profileId' in data ? `profile-${data.profileId}` : `order-${(data as { orderId: string }).orderId}`;
}

async function projected(): Promise<void> {
  projector.start();
  await projector.waitFor(await store.head(), 20_000);
}

const apply = (events: readonly RecordedEvent[]) =>
  readModels.transaction((tx) => profilesProjection.apply(events, tx), { schema: schemaOf('profiles') });

const tables = () =>
  Promise.all(
    TABLES.map((table) => readModels.query(`select * from ${schemaOf('profiles')}.${table} t order by t::text`)),
  );

const TABLES = ['profiles', 'orders', 'emptied', 'identities', 'disputes'];

const timestamp: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
const adaNow = {
  profileId: ada,
  createdAt: timestamp,
  orders: 4,
  firstOrder: { orderId: 'etsy.1', placedAt: '2026-03-01T10:00:00.000Z' },
  lastOrder: { orderId: 'shop.9', placedAt: '2026-03-09T10:00:00.000Z' },
  channels: [
    { channel: 'etsy', orders: 3 },
    { channel: 'shop', orders: 1 },
  ],
  identities: [
    { kind: 'email', channel: 'etsy', linkedAt: timestamp },
    { kind: 'phone', channel: 'shop', linkedAt: timestamp },
  ],
  disputedWith: [eve],
};

describe('profiles', () => {
  it('show orders over all channels, the first and the last by when they were placed', async () => {
    await record(history);
    await projected();
    expect(await query.profile(ada)).toEqual(adaNow);
    expect(await query.profile(eve)).toMatchObject({ orders: 1, disputedWith: [ada] });
  });

  it('count no order that was declined or cancelled as a whole, until it is taken up again', async () => {
    await record([created(eve), ...['1', '2', '3'].flatMap((id) => [declined(id), ordered(eve, id, '01', 'web')])]);
    await projected();
    const nothing = await query.profile(eve);
    expect(nothing).toMatchObject({ orders: 0, channels: [] });
    expect(nothing).not.toHaveProperty('firstOrder');
    await record([ordered(eve, '4', '04'), cancelled('4'), amended('4', { emptied: false })]);
    await projected();
    expect(await query.profile(eve)).toMatchObject({ orders: 1, lastOrder: { orderId: '4' } });
  });

  it('are found by what a person is known by', async () => {
    await record(history);
    await projected();
    expect(await query.profileKnownBy(identity('phone', 'b'))).toEqual(adaNow);
    await expect(query.profileKnownBy(identity('email', 'b'))).rejects.toMatchObject({ code: 'unknown-profile' });
    await expect(query.profile(idFrom('nobody'))).rejects.toMatchObject({ code: 'unknown-profile' });
  });

  it('come out the same whatever the pages', async () => {
    const events = await record(history);
    await projected();
    const atOnce = await tables();
    await readModels.execute(`truncate ${TABLES.map((table) => `${schemaOf('profiles')}.${table}`).join()}`);
    for (const event of events) await apply([event]);
    expect(await tables()).toEqual(atOnce);
  });

  it('do not change when they see the same events twice', async () => {
    const events = await record(history);
    await projected();
    const before = await tables();
    await apply(events);
    for (const event of events) await apply([event]);
    expect(await tables()).toEqual(before);
  });

  it('go on where they were stopped', async () => {
    await record(history.slice(0, 5));
    await projected();
    await projector.stop();
    await record(history.slice(5));
    projector = new ProjectionRunner(readModels, profilesProjection, store);
    await projected();
    expect(await query.profile(ada)).toEqual(adaNow);
    expect(await compareProjection(readModels, profilesProjection, store)).toMatchObject({ equal: true });
  });

  it('are published to analysts without any hash', async () => {
    await record(history);
    await projected();
    const rows = await readModels.query<object>('select * from analytics.profiles order by orders desc');
    expect(rows).toMatchObject([{ profile_id: ada, orders: 4, channels: { etsy: 3, shop: 1 } }, { profile_id: eve }]);
    expect(JSON.stringify(rows)).not.toMatch(/[0-9a-f]{64}/);
  });
});
