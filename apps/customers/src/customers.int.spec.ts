import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Module } from '@nestjs/common';
import { type Buyer, type ChannelSale, eventRegistry } from '#contracts';
import { type EventStore, withRegistry } from '#event-sourcing';
import { idFrom, systemClock } from '#kernel';
import { Exceptions, PersonalDataHasher } from '#platform';
import { CoreModule, type RunningService, startService } from '#platform/host';
import {
  type BackgroundWork,
  openReadModels,
  type Reaction,
  ReactionRunner,
  type ReadModels,
  Runners,
} from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { CustomersModule } from './customers.module.js';

class RunnersToWaitFor extends Runners {
  readonly processes: ReactionRunner[] = [];

  override workOn(reaction: Reaction): BackgroundWork {
    const work = super.workOn(reaction);
    if (work instanceof ReactionRunner) this.processes.push(work);
    return work;
  }
}

const hashKey = Buffer.alloc(32, 7);
const hasher = new PersonalDataHasher(hashKey);

let database: TestDatabase;
let readModels: ReadModels;
let store: EventStore;
let runners: RunnersToWaitFor;
let service: RunningService;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 6 });
  store = withRegistry(new InMemoryEventStore(), eventRegistry);
  runners = new RunnersToWaitFor(readModels, store);
  service = await startService(rootModule(), {
    dataDir: '/nowhere',
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    hashKey,
    logLevel: 'silent',
  });
});
afterAll(async () => {
  await service.stop();
  await runners.stop();
  await readModels.close();
  await store.close();
  await database.drop();
});

let number = 0;
let email: string;
beforeEach(() => {
  number += 1;
  email = `ada${number}@example.com`;
});

describe('a profile', () => {
  it('is found over all channels by e-mail, phone and channel account', async () => {
    const phone = `+49 30 ${100_000 + number}`;
    await sell('etsy', { email, channelCustomerId: `C${number}` });
    await sell('shop', { email: email.toUpperCase(), phone });
    await attributed();
    const found = await lookUp({ email });
    expect(found).toMatchObject({
      status: 200,
      body: {
        orders: 2,
        channels: [
          { channel: 'etsy', orders: 1 },
          { channel: 'shop', orders: 1 },
        ],
      },
    });
    expect(kindsOf(found)).toEqual(['channel-customer', 'email', 'phone']);
    for (const known of [{ phone }, { channel: 'etsy', channelCustomerId: `C${number}` }])
      expect(await lookUp(known)).toEqual(found);
    expect(await get(`/v1/profiles/${String(found.body.profileId)}`)).toEqual(found);
  });

  it('is never answered with anything personal', async () => {
    await sell('etsy', { email });
    await attributed();
    const text = JSON.stringify(await lookUp({ email }));
    expect(text).not.toContain(email);
    expect(text).not.toContain(hasher.hashEmail(email));
  });

  it('is not the same person by the same account id on another channel', async () => {
    await sell('etsy', { channelCustomerId: `C${number}` });
    await attributed();
    expect(await lookUp({ channel: 'ebay', channelCustomerId: `C${number}` })).toMatchObject({ status: 404 });
  });

  it('is of one buyer where a shop sends the same address and number for all', async () => {
    const accounts = Array.from({ length: 20 }, (_, index) => `buyer-${number}-${index}`);
    for (const channelCustomerId of accounts)
      await sell('pos', { email: 'noreply@pos.example', phone: '000000', channelCustomerId });
    await attributed();
    const found = await Promise.all(accounts.map((channelCustomerId) => lookUp({ channel: 'pos', channelCustomerId })));
    expect(new Set(found.map(({ body }) => body.profileId)).size).toBe(20);
    for (const { body } of found) expect(body).toMatchObject({ orders: 1, disputedWith: [] });
  });

  it('is one of two where two e-mail addresses come with one phone, and a case for a person', async () => {
    const phone = `+49 40 ${200_000 + number}`;
    await sell('etsy', { email, phone });
    await sell('etsy', { email: `other-${email}`, phone });
    await attributed();
    const [one, other] = [await lookUp({ email }), await lookUp({ email: `other-${email}` })];
    expect(one.body).toMatchObject({ orders: 1, disputedWith: [other.body.profileId] });
    const open = await service.app.get(Exceptions, { strict: false }).list('identity-dispute', undefined, 100);
    const pair = [one.body.profileId, other.body.profileId].sort().join('/');
    expect(open.filter(({ subject }) => subject === pair)).toMatchObject([
      { detail: expect.stringContaining('carries phone of both profiles') },
    ]);
  });

  it('is not made when an order says nothing of its buyer', async () => {
    await sell('etsy', undefined);
    const before = await store.head();
    await attributed();
    expect(await store.head()).toBe(before);
  });
});

describe('what is refused', () => {
  it.each<[string, unknown, number, string]>([
    ['a stranger', { email: 'stranger@example.com' }, 404, 'unknown-profile'],
    ['an address that shops send for no person', { email: 'no-reply@example.com' }, 422, 'identifies-nobody'],
    ['nothing', {}, 400, 'invalid-request'],
    ['no object', [], 400, 'invalid-request'],
    ['two things at once', { email: 'a@example.com', phone: '+49301234567' }, 400, 'invalid-request'],
    ['an account without its channel', { channelCustomerId: '7' }, 400, 'invalid-request'],
    ['an unknown field', { email: 'a@example.com', name: 'Ada' }, 400, 'invalid-request'],
    ['a number for an e-mail', { email: 7 }, 400, 'invalid-request'],
    ['an e-mail of 255 characters', { email: `${'a'.repeat(250)}@b.de` }, 400, 'invalid-request'],
    ['an e-mail that is none', { email: 'n/a' }, 422, 'identifies-nobody'],
    ['a phone without digits', { phone: 'none' }, 422, 'identifies-nobody'],
    ['a blank account', { channel: 'etsy', channelCustomerId: ' ' }, 422, 'identifies-nobody'],
  ])('looking up %s', async (_, body, status, code) => {
    expect(await lookUp(body)).toMatchObject({ status, body: { code } });
  });

  it('repeats nothing personal in the problem', async () => {
    const answers = [
      await lookUp({ email: 'nobody@example.com' }),
      await lookUp({ email: 'nobody', phone: '+49301234567' }),
    ];
    expect(JSON.stringify(answers)).not.toMatch(/nobody@|49301234567/);
  });

  it.each([
    ['/v1/profiles/not-a-uuid', 400, 'invalid-request'],
    [`/v1/profiles/${idFrom('nobody')}`, 404, 'unknown-profile'],
  ])('%s', async (path, status, code) => {
    expect(await get(path)).toMatchObject({ status, body: { code } });
  });
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const get = async (path: string): Promise<Answer> => answerOf(await fetch(`${service.httpUrl}${path}`));

const lookUp = async (body: unknown): Promise<Answer> =>
  answerOf(
    await fetch(`${service.httpUrl}/v1/profiles/lookup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );

const answerOf = async (response: Response): Promise<Answer> => ({
  status: response.status,
  body: (await response.json()) as Record<string, unknown>,
});

const kindsOf = ({ body }: Answer): string[] => (body.identities as { kind: string }[]).map(({ kind }) => kind).sort();

let sold = 0;
/** What the orders service records of a sale. */
async function sell(channel: string, customer: ChannelSale['customer']): Promise<void> {
  sold += 1;
  const orderId = `${channel}.${sold}`;
  const buyer: Buyer = hasher.hashCustomer(channel, customer);
  const placedAt = '2026-03-01T10:00:00.000Z';
  const data = {
    orderId,
    channel,
    externalOrderId: `${sold}`,
    externalRevision: 0,
    currency: 'EUR',
    lines: [],
    buyer,
    placedAt,
  };
  const metadata = { commandId: orderId, correlationId: 'c', actor: `channel:${channel}`, occurredAt: placedAt };
  await store.append([
    {
      stream: `order-${orderId}`,
      expected: 'no-stream',
      events: [{ id: idFrom(orderId), type: 'SaleRecorded', data, metadata }],
    },
  ]);
}

/** Resolves when the process has seen every sale and the view shows what it did. */
async function attributed(): Promise<void> {
  const head = await store.head();
  for (const process of runners.processes) await process.waitFor(head, 10_000);
  await runners.projection('profiles').waitFor(await store.head(), 10_000);
}

const rootModule = (): DynamicModule => ({
  module: Root,
  imports: [CoreModule.over({ store, readModels, runners, clock: systemClock }), CustomersModule],
});

@Module({})
class Root {}
