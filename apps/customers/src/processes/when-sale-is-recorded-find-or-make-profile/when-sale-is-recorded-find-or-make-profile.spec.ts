import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Buyer, IdentityEvent, ProfileEvent } from '#contracts';
import {
  type AppendResult,
  CommandRunner,
  type EventStore,
  type RecordedEvent,
  type StreamAppend,
} from '#event-sourcing';
import { idFrom } from '#kernel';
import { InMemoryEventStore } from '#testing';
import { WhenSaleIsRecordedFindOrMakeProfile } from './when-sale-is-recorded-find-or-make-profile.js';

const hashOf = (text: string): string => Buffer.from(text).toString('hex').padStart(64, '0');
const email = (name: string): Buyer => ({ emailHash: hashOf(`e${name}`) });
const phone = (name: string): Buyer => ({ phoneHash: hashOf(`p${name}`) });
const customer = (name: string): Buyer => ({ channelCustomerHash: hashOf(`c${name}`) });
const profileOf = (kind: string, text: string): string => idFrom(`profile/${kind}.${hashOf(text)}`);
const ada = profileOf('email', 'eada');

let orders = 0;
function sale(buyer: Buyer, type: 'SaleRecorded' | 'OrderSubmitted' = 'SaleRecorded'): RecordedEvent {
  orders += 1;
  const orderId = `etsy.${orders}`;
  const placedAt = '2026-03-01T10:00:00.000Z';
  return {
    id: idFrom(orderId),
    type,
    data: { orderId, channel: 'etsy', currency: 'EUR', lines: [], buyer, placedAt },
    metadata: { commandId: orderId, correlationId: 'c', actor: 'channel:etsy', occurredAt: placedAt },
    stream: `order-${orderId}`,
    revision: 0,
    position: orders,
    recordedAt: placedAt,
  };
}
const orderIdOf = (event: RecordedEvent): string => (event.data as { orderId: string }).orderId;

/** A process that just started. */
const startedOn = (store: EventStore): WhenSaleIsRecordedFindOrMakeProfile =>
  new WhenSaleIsRecordedFindOrMakeProfile(new CommandRunner(store), store);

async function factsIn(store: EventStore): Promise<readonly (ProfileEvent | IdentityEvent)[]> {
  const { events } = await store.readAll({ after: 0, limit: 10_000 });
  return events.map(({ type, data }) => ({ type, data }) as ProfileEvent | IdentityEvent);
}
const attributionsIn = (facts: readonly (ProfileEvent | IdentityEvent)[]): [string, string][] =>
  facts.flatMap(({ type, data }): [string, string][] =>
    type === 'OrderAttributed' ? [[data.orderId, data.profileId]] : [],
  );

async function attributed(...pages: readonly RecordedEvent[][]) {
  const store = new InMemoryEventStore();
  const reaction = startedOn(store);
  for (const page of pages) await reaction.react(page);
  const facts = await factsIn(store);
  const disputes = facts.flatMap(({ type, data }) => (type === 'IdentityDisputed' ? [data] : []));
  return { facts, disputes, profiles: attributionsIn(facts).map(([, profileId]) => profileId) };
}

describe('when a sale is recorded', () => {
  it('makes a profile for a stranger, named after the strongest identity', async () => {
    const event = sale({ ...customer('7'), ...phone('1'), ...email('ada') });
    const { facts } = await attributed([event]);
    const identities = [
      { kind: 'email', hash: hashOf('eada') },
      { kind: 'phone', hash: hashOf('p1') },
      { kind: 'channel-customer', hash: hashOf('c7') },
    ];
    expect(facts).toEqual([
      ...identities.map((identity) => ({ type: 'IdentityClaimed', data: { ...identity, profileId: ada } })),
      { type: 'ProfileCreated', data: { profileId: ada, channel: 'etsy' } },
      ...identities.map((identity) => ({
        type: 'IdentityLinked',
        data: { profileId: ada, ...identity, channel: 'etsy' },
      })),
      {
        type: 'OrderAttributed',
        data: { profileId: ada, orderId: orderIdOf(event), channel: 'etsy', placedAt: '2026-03-01T10:00:00.000Z' },
      },
    ]);
  });

  it('does nothing without an identity', async () => {
    expect((await attributed([sale({})])).facts).toEqual([]);
  });

  it('knows a submitted order of our own shop as well', async () => {
    expect((await attributed([sale(email('ada'), 'OrderSubmitted')])).profiles).toEqual([ada]);
  });

  it.each<[string, number]>([
    ['on one page', 2],
    ['on two pages', 1],
  ])('finds who bought before %s', async (_, perPage) => {
    const events = [sale(email('ada')), sale({ ...email('ada'), ...phone('1') })];
    const pages = perPage === 2 ? [events] : events.map((event) => [event]);
    expect((await attributed(...pages)).profiles).toEqual([ada, ada]);
  });

  it('finds who bought before by a weaker identity, and learns the stronger one', async () => {
    const events = [sale(phone('1')), sale({ ...email('ada'), ...phone('1') }), sale(email('ada'))];
    const first = profileOf('phone', 'p1');
    expect((await attributed(events)).profiles).toEqual([first, first, first]);
  });

  it('follows the strongest identity when two lead to different profiles, and says so once per pair', async () => {
    const events = [
      sale(email('ada')),
      sale(phone('1')),
      ...[1, 2].map(() => sale({ ...email('ada'), ...phone('1') })),
    ];
    const { profiles, disputes } = await attributed(events);
    expect([...profiles].sort()).toEqual([ada, profileOf('phone', 'p1'), ada, ada].sort());
    expect(disputes).toEqual([
      {
        kind: 'phone',
        hash: hashOf('p1'),
        profileId: profileOf('phone', 'p1'),
        otherProfileId: ada,
        orderId: events[2] && orderIdOf(events[2]),
      },
    ]);
  });

  it.each<[string, number]>([
    ['on one page', 2],
    ['on two pages', 1],
  ])('makes two people of two e-mail addresses with one phone, %s, and says so', async (_, perPage) => {
    const events = [sale({ ...email('ada'), ...phone('1') }), sale({ ...email('bob'), ...phone('1') })];
    const { profiles, disputes } = await attributed(...(perPage === 2 ? [events] : events.map((event) => [event])));
    expect(profiles).toEqual([ada, profileOf('email', 'ebob')]);
    expect(disputes).toMatchObject([{ kind: 'phone', profileId: ada, otherProfileId: profileOf('email', 'ebob') }]);
  });

  it('takes what many share for no person, and disputes it no further', async () => {
    const buyers = Array.from({ length: 20 }, (_, index) => sale({ ...email(`${index}`), ...phone('1') }));
    const { profiles, disputes } = await attributed(...buyers.map((event) => [event]), [sale(phone('1'))]);
    expect(new Set(profiles).size).toBe(20);
    expect(profiles).toHaveLength(20);
    expect(disputes).toHaveLength(5);
  });

  it('makes no profile for a cancellation without goods', async () => {
    const cancelled = sale(email('ada'));
    expect((await attributed([{ ...cancelled, data: { ...cancelled.data, cancelled: true } }])).facts).toEqual([]);
  });

  it('changes nothing when it gets the same events again, from the same process and from another', async () => {
    const events = [
      sale({ ...email('ada'), ...phone('1') }),
      sale(phone('2')),
      sale({ ...email('ada'), ...phone('2') }),
    ];
    const store = new InMemoryEventStore();
    const reaction = startedOn(store);
    await reaction.react(events);
    const head = await store.head();
    await reaction.react(events);
    await startedOn(store).react(events);
    expect(await store.head()).toBe(head);
  });

  it('stores no more than keyed hashes', async () => {
    const { facts } = await attributed([sale({ ...email('ada'), ...phone('1') })]);
    const strings = facts.flatMap(({ data }) => Object.entries(data)).filter(([key]) => key === 'hash');
    expect(strings.length).toBe(4);
    for (const [, hash] of strings) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Crash]>([
    ['before', 'before'],
    ['after', 'after'],
  ])('arrives at the same end when the process dies %s any of its appends', async (_, crash) => {
    const history = [
      sale(email('ada')),
      sale({ ...email('ada'), ...phone('1'), ...customer('7') }),
      sale(phone('2')),
      sale({ ...email('bob'), ...phone('1') }),
      sale({ ...email('ada'), ...phone('2') }),
      sale({ ...phone('3'), ...customer('8') }),
    ];
    const undisturbed = new InMemoryEventStore();
    const appends = new DyingStore(undisturbed, Number.POSITIVE_INFINITY, crash);
    await startedOn(appends).react(history);
    const expected = sorted(await factsIn(undisturbed));
    expect(appends.count).toBeGreaterThan(5);
    for (let deadly = 1; deadly <= appends.count; deadly += 1) {
      const store = new InMemoryEventStore();
      await expect(startedOn(new DyingStore(store, deadly, crash)).react(history)).rejects.toThrow('the process died');
      await startedOn(store).react(history);
      expect(sorted(await factsIn(store))).toEqual(expected);
    }
  });

  it('leads every identity to one profile and attributes every order once, whatever is shared, repeated or cut short', async () => {
    const name = fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined });
    const buyer = fc.record({ e: name, p: name, c: name }).map(({ e, p, c }) => ({
      ...(e && email(e)),
      ...(p && phone(p)),
      ...(c && customer(c)),
    }));
    const page = fc.record({
      buyers: fc.array(buyer, { maxLength: 6 }),
      deadly: fc.integer({ min: 1, max: 12 }),
      again: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(page, { maxLength: 6 }), async (pages) => {
        const store = new InMemoryEventStore();
        const expected: string[] = [];
        for (const { buyers, deadly, again } of pages) {
          const events = buyers.map((each) => sale(each));
          expected.push(
            ...events.filter(({ data }) => Object.keys((data as { buyer: Buyer }).buyer).length > 0).map(orderIdOf),
          );
          await startedOn(new DyingStore(store, deadly, 'after'))
            .react(events)
            .catch(() => {});
          await startedOn(store).react(events);
          if (again) await startedOn(store).react(events);
        }
        const facts = await factsIn(store);
        expect(
          attributionsIn(facts)
            .map(([orderId]) => orderId)
            .sort(),
        ).toEqual(expected.sort());
        expectOneProfilePerIdentity(facts);
      }),
      { numRuns: 150 },
    );
  });
});

function expectOneProfilePerIdentity(facts: readonly (ProfileEvent | IdentityEvent)[]): void {
  const claimed = new Map<string, string>();
  const linked = new Map<string, string>();
  for (const { type, data } of facts) {
    if (type !== 'IdentityClaimed' && type !== 'IdentityLinked') continue;
    const owners = type === 'IdentityClaimed' ? claimed : linked;
    const key = `${data.kind}.${data.hash}`;
    expect(owners.has(key)).toBe(false);
    owners.set(key, data.profileId);
  }
  expect(Object.fromEntries(linked)).toEqual(Object.fromEntries(claimed));
}

const sorted = (facts: readonly object[]): string[] => facts.map((fact) => JSON.stringify(fact)).sort();

type Crash = 'before' | 'after';

/** A store whose process dies before or after an append was stored, and answers nothing from then on. */
class DyingStore implements EventStore {
  readonly atomicAcrossStreams = true;
  readonly singleWriter = true;
  readonly densePositions = true;
  count = 0;
  readonly readStream;
  readonly load;
  readonly readAll;
  readonly subscribe;
  readonly head;
  readonly saveSnapshots;
  readonly close;

  constructor(
    private readonly store: EventStore,
    private readonly deadly: number,
    private readonly crash: Crash,
  ) {
    this.readStream = store.readStream.bind(store);
    this.load = store.load.bind(store);
    this.readAll = store.readAll.bind(store);
    this.subscribe = store.subscribe.bind(store);
    this.head = store.head.bind(store);
    this.saveSnapshots = store.saveSnapshots.bind(store);
    this.close = store.close.bind(store);
  }

  async append(appends: readonly StreamAppend[]): Promise<AppendResult> {
    this.count += 1;
    const isDead = this.count > this.deadly;
    const isDying = this.count === this.deadly;
    if (isDead || (isDying && this.crash === 'before')) throw new Error('the process died');
    const result = await this.store.append(appends);
    if (isDying) throw new Error('the process died');
    return result;
  }
}
