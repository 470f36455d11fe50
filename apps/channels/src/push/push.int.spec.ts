import { createServer, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AvailabilityChange } from '#contracts';
import { systemClock } from '#kernel';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, eventually, RecordingTracer, type TestDatabase } from '#testing';
import { simulatedConnector } from '../connectors/simulated/simulated.connector.js';
import { compareWithChannel } from '../drift/drift-check.js';
import { createTables } from '../tables.js';
import { ChannelGate } from './channel-gate.js';
import { ChannelPusher } from './channel-pusher.js';
import { FeedMoved, NEVER_COUNTED, NOT_SUPPLIED, PushLedger } from './push-ledger.js';

const CHANNEL = 'web-shop';

let database: TestDatabase;
let readModels: ReadModels;
let shop: Shop;
let ledger: PushLedger;
let sequence: number;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url });
  await createTables(readModels);
  shop = await Shop.start();
});

afterAll(async () => {
  await shop?.stop();
  await readModels?.close();
  await database?.drop();
});

beforeEach(async () => {
  await readModels.execute(
    `truncate channels.push_ledger, channels.availability, channels.closing; update channels.feed set sequence = 0`,
  );
  ledger = new PushLedger(readModels);
  shop.reset();
  sequence = 0;
});

describe('the push ledger', () => {
  it('gives a listing made later the newest number of its SKU at once', async () => {
    await change({ a: 7 });
    await change({ a: 5 });
    expect(await list('a')).toMatchObject([{ sku: 'a', externalId: 'x-a', quantity: 5, sequence: 2 }]);
  });

  it('wants nothing for a listing of a SKU without stock', async () => {
    expect(await list('a')).toEqual([]);
    expect(await ledger.due(CHANNEL, 10)).toEqual([]);
    expect(await change({ a: 3 })).toMatchObject([{ quantity: 3 }]);
  });

  it('wants numbers of listed SKUs only, and keeps none for other channels', async () => {
    await list('a');
    const wanted = await ledger.want([changeOf('a', 3, { other: 9 }), changeOf('b', 4)], 0, 2);
    expect(wanted.map(({ channel, sku }) => [channel, sku])).toEqual([[CHANNEL, 'a']]);
  });

  it('takes over a part of the feed once', async () => {
    await list('a');
    await change({ a: 3 });
    await expect(ledger.want([changeOf('a', 9)], 0, 9)).rejects.toBeInstanceOf(FeedMoved);
    expect(await ledger.due(CHANNEL, 10)).toMatchObject([{ quantity: 3 }]);
    expect(await ledger.sequence()).toBe(1);
  });

  it('ignores an older number and takes a later one of the same stock revision', async () => {
    await list('a');
    await change({ a: 3 });
    await ledger.want([{ ...changeOf('a', 9), sequence: 0 }], 1, 1);
    expect(await ledger.due(CHANNEL, 10)).toMatchObject([{ quantity: 3 }]);
    await ledger.want([{ ...changeOf('a', 1), stockRevision: 1, sequence: 2 }], 1, 2);
    expect(await ledger.due(CHANNEL, 10)).toMatchObject([{ quantity: 1, revision: 1 }]);
  });

  it('pushes nothing when the number is the acknowledged one, and moves the acknowledged revision on', async () => {
    await list('a');
    await acknowledgeAll(await change({ a: 3 }));
    expect(await change({ a: 3 })).toEqual([]);
    expect(await ledger.rows(CHANNEL, undefined, ['', ''], 10)).toMatchObject([
      { state: 'acknowledged', wantedRevision: 2, acknowledgedRevision: 2, acknowledgedQuantity: 3, wantedSince: null },
    ]);
  });

  it('pushes the acknowledged number again when another one may have arrived in between', async () => {
    await list('a');
    await acknowledgeAll(await change({ a: 3 }));
    await change({ a: 2 });
    expect(await change({ a: 3 })).toMatchObject([{ quantity: 3, sequence: 3 }]);
  });

  it('keeps a newer number wanted when an older one is acknowledged', async () => {
    await list('a');
    const older = await change({ a: 3 });
    await change({ a: 2 });
    await acknowledgeAll(older);
    expect(await ledger.due(CHANNEL, 10)).toMatchObject([{ quantity: 2, acknowledgedQuantity: 3 }]);
  });

  it('does not go back when an acknowledgement comes late', async () => {
    await list('a');
    const older = await change({ a: 3 });
    const newer = await change({ a: 2 });
    await acknowledgeAll(newer);
    await acknowledgeAll(older);
    expect(await ledger.rows(CHANNEL, 'acknowledged', ['', ''], 10)).toMatchObject([
      { acknowledgedQuantity: 2, acknowledgedRevision: 2 },
    ]);
  });

  it('tells an ended listing 0, keeps it until that is acknowledged, and the same events again change nothing', async () => {
    await change({ a: 7 });
    await list('a', 5);
    await acknowledgeAll(await ledger.due(CHANNEL, 10));
    await list('a', 5);
    expect(await ledger.due(CHANNEL, 10)).toEqual([]);
    const end = () => ledger.end([{ channel: CHANNEL, sku: 'a', externalId: 'x-a', position: 9, at: now() }]);
    expect(await end()).toMatchObject([{ quantity: 0, acknowledgedQuantity: 7, ending: true }]);
    expect(await end()).toEqual([]);
    expect(await change({ a: 6 })).toEqual([]);
    expect(await ledger.rows(CHANNEL, 'ending', ['', ''], 10)).toMatchObject([
      { state: 'ending', wantedQuantity: 0, acknowledgedQuantity: 7 },
    ]);
    await acknowledgeAll(await ledger.due(CHANNEL, 10));
    expect(await ledger.rows(CHANNEL, undefined, ['', ''], 10)).toEqual([]);
    await list('a', 12);
    await end();
    expect(await ledger.due(CHANNEL, 10)).toMatchObject([{ quantity: 6, acknowledgedQuantity: null, ending: false }]);
  });

  it('does not take the 0 of an ended offer for the number of the same id offered again', async () => {
    await change({ a: 7 });
    await list('a', 5);
    await acknowledgeAll(await ledger.due(CHANNEL, 10));
    const last = await ledger.end([{ channel: CHANNEL, sku: 'a', externalId: 'x-a', position: 9, at: now() }]);
    await list('a', 12);
    await acknowledgeAll(last);
    expect(await ledger.due(CHANNEL, 10)).toMatchObject([{ quantity: 7, acknowledgedQuantity: null }]);
  });

  it('wants 0 for every offer of a closed channel, keeps it, and the same event again changes nothing', async () => {
    await change({ a: 7, b: 2 });
    await list('a', 5, 'b', 'uncounted');
    await acknowledgeAll(await ledger.due(CHANNEL, 10));
    await list('b', 6);
    await close(20);
    expect(await ledger.due(CHANNEL, 10)).toMatchObject([
      { quantity: 0, ending: true },
      { quantity: 0, ending: true },
      { quantity: 0, ending: true },
    ]);
    expect(await ledger.closed()).toEqual([{ channel: CHANNEL, revision: 20, shown: false }]);
    expect(await ledger.rows(CHANNEL, 'ending', ['', ''], 10)).toHaveLength(3);
    expect(await change({ a: 6 })).toEqual([]);
    await acknowledgeAll(await ledger.due(CHANNEL, 10));
    await close(20);
    expect(await ledger.due(CHANNEL, 10)).toEqual([]);
    expect(await ledger.closed()).toEqual([{ channel: CHANNEL, revision: 20, shown: true }]);
    expect(await ledger.isClosedSince(CHANNEL, Date.now() + 1_000)).toBe(true);
    expect(await ledger.isClosedSince(CHANNEL, Date.now() - 60_000)).toBe(false);
    expect(await ledger.rows(CHANNEL, 'acknowledged', ['', ''], 10)).toMatchObject([
      { sku: 'a', acknowledgedQuantity: 0 },
      { sku: 'b', acknowledgedQuantity: 0 },
      { sku: 'uncounted', acknowledgedQuantity: 0 },
    ]);
  });

  it('wants 0 for what is listed on a closed channel, and forgets what ends there once its 0 is acknowledged', async () => {
    await change({ a: 7, b: 2 });
    await list('a', 1);
    await close(20);
    await acknowledgeAll(await ledger.due(CHANNEL, 10));
    expect(await list('b', 25)).toMatchObject([{ quantity: 0, ending: true }]);
    const end = (sku: string) =>
      ledger.end([{ channel: CHANNEL, sku, externalId: `x-${sku}`, position: 30, at: now() }]);
    expect(await end('a')).toEqual([]);
    expect(await end('b')).toMatchObject([{ quantity: 0, ending: true }]);
    expect(await ledger.rows(CHANNEL, undefined, ['', ''], 10)).toMatchObject([{ sku: 'b', state: 'ending' }]);
    await acknowledgeAll(await ledger.due(CHANNEL, 10));
    expect(await ledger.rows(CHANNEL, undefined, ['', ''], 10)).toEqual([]);
  });

  it('wants the newest numbers of a channel that is opened again, and takes a late answer to its 0 for none to them', async () => {
    await change({ a: 7 });
    await list('a', 5, 'uncounted');
    await acknowledgeAll(await ledger.due(CHANNEL, 10));
    await close(20);
    const zeros = await ledger.due(CHANNEL, 10);
    await change({ a: 4 });
    await reopen(30);
    await acknowledgeAll(zeros);
    expect(await ledger.due(CHANNEL, 10)).toMatchObject([{ sku: 'a', quantity: 4, ending: false }]);
    expect(await ledger.closed()).toEqual([]);
    await close(20);
    expect(await ledger.due(CHANNEL, 10)).toMatchObject([{ sku: 'a', quantity: 4, ending: false }]);
    await acknowledgeAll(await ledger.due(CHANNEL, 10));
    expect(await change({ a: 3, uncounted: 1 })).toMatchObject([{ quantity: 3 }, { quantity: 1 }]);
    const end = { channel: CHANNEL, sku: 'a', externalId: 'x-a', position: 25, at: now() };
    expect(await ledger.end([end])).toMatchObject([{ sku: 'a', quantity: 0, ending: true }]);
  });

  it('wants the number of a SKU for each of its offers, and shows them one after the other', async () => {
    await offer('a', 'x-a1');
    await offer('a', 'x-a2');
    expect(await change({ a: 4 })).toMatchObject([{ externalId: 'x-a1' }, { externalId: 'x-a2' }]);
    const [one] = await ledger.rows(CHANNEL, 'waiting', ['', ''], 1);
    expect(await ledger.rows(CHANNEL, 'waiting', ['a', one?.externalId ?? ''], 1)).toMatchObject([
      { externalId: 'x-a2', wantedQuantity: 4 },
    ]);
  });

  it('says why a channel gets no number', async () => {
    await ledger.want([{ ...changeOf('b', 4), available: { other: 4 } }], 0, 1);
    await list('a', 1, 'b');
    expect(await ledger.rows(CHANNEL, 'no-number', ['', ''], 10)).toMatchObject([
      { sku: 'a', noNumberBecause: NEVER_COUNTED },
      { sku: 'b', noNumberBecause: NOT_SUPPLIED },
    ]);
    expect(await ledger.numbers(CHANNEL)).toEqual([{ channel: CHANNEL, told: 0, untold: 2, unsupplied: 1 }]);
  });

  it('wants 0 where a channel is no longer supplied', async () => {
    await list('a');
    await acknowledgeAll(await change({ a: 7 }));
    expect(await ledger.want([{ ...changeOf('a', 0), available: {} }], 1, 2)).toMatchObject([{ quantity: 0 }]);
  });

  it('caps a number that is too large for a channel, and wants the others as they are', async () => {
    await list('a', 1, 'b');
    expect(await change({ a: 3_000_000_000, b: 4 })).toMatchObject([{ quantity: 1_000_000_000 }, { quantity: 4 }]);
    const capped = () => readModels.query('select sku from channels.push_ledger where capped');
    expect(await capped()).toEqual([{ sku: 'a' }]);
    await change({ a: 5 });
    expect(await capped()).toEqual([]);
  });

  it('is brought on from the form it had when a SKU had one offer', async () => {
    await change({ a: 7 });
    await readModels.execute(`
      alter table channels.push_ledger drop constraint push_ledger_pkey, add primary key (channel, sku);
      alter table channels.push_ledger drop column ended_at, drop column refused_at, drop column capped, drop column listed_at;
      drop table channels.migrations`);
    await readModels.execute(
      `insert into channels.push_ledger (channel, sku, external_id, listed_at_position) values
         ($1, 'a', 'x-1', 3), ($1, 'b', 'x-1', 4), ($1, 'c', 'x-2', 5)`,
      [CHANNEL],
    );
    await createTables(readModels);
    await createTables(readModels);
    await offer('c', 'x-3');
    expect(
      (await ledger.rows(CHANNEL, undefined, ['', ''], 10)).map(({ sku, externalId }) => [sku, externalId]),
    ).toEqual([
      ['b', 'x-1'],
      ['c', 'x-2'],
      ['c', 'x-3'],
    ]);
  });
});

describe('the worker of a channel', () => {
  const running: { readonly pusher: ChannelPusher; stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
  });

  it('pushes what was wanted before it started, in batches', async () => {
    const skus = Array.from({ length: 600 }, (_, index) => `s${index}`);
    for (const sku of skus) shop.expects(`x-${sku}`);
    await ledger.list(skus.map((sku) => ({ channel: CHANNEL, sku, externalId: `x-${sku}`, position: 1, at: now() })));
    await change(Object.fromEntries(skus.map((sku, index) => [sku, index])));
    start();
    await settled();
    expect(shop.shown.get('x-s599')).toBe(599);
    expect(shop.requests.map((request) => request.length)).toEqual([250, 250, 100]);
  });

  it('pushes decreases before increases', async () => {
    await list('a', 1, 'b');
    await acknowledgeAll(await change({ a: 5, b: 5 }));
    await change({ a: 9 });
    await change({ b: 1 });
    start({ requestsPerSecond: 1_000 });
    await settled();
    expect(shop.requests.flat().map(({ externalId }) => externalId)).toEqual(['x-b', 'x-a']);
  });

  it.each<[string, Answer[]]>([
    ['a server error', [500]],
    ['a throttled request', [429]],
    ['an answer that never comes', ['hang']],
    ['a connection that is cut', ['cut']],
    ['an answer without this listing', ['partial']],
    ['an answer that is no JSON', ['nonsense']],
    ['a request that is refused as a whole', [400, 400, 400]],
    ['all of it', [500, 'hang', 'partial', 429, 'cut', 400, 'nonsense']],
  ])('gets over %s', async (_, answers) => {
    await list('a', 1, 'b', 'c');
    shop.answers.push(...answers);
    await change({ a: 3, b: 4, c: 5 });
    start(answers.includes('hang') ? { answerWithinMs: 150 } : {});
    await settled();
    expect([...shop.shown]).toEqual(
      expect.arrayContaining([
        ['x-a', 3],
        ['x-b', 4],
        ['x-c', 5],
      ]),
    );
  });

  it('waits as long as Retry-After says', async () => {
    await list('a');
    shop.answers.push(429);
    shop.retryAfterSeconds = 1;
    await change({ a: 3 });
    start();
    await settled();
    const [throttled, taken] = shop.requestedAtMs;
    expect((taken ?? 0) - (throttled ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('ends an offer with 0, also where the channel does not know it any more', async () => {
    await list('a', 1, 'b');
    await change({ a: 3, b: 4 });
    const pusher = start();
    await settled();
    shop.unknown.add('x-b');
    pusher.want(
      await ledger.end(
        ['a', 'b'].map((sku) => ({ channel: CHANNEL, sku, externalId: `x-${sku}`, position: 9, at: now() })),
      ),
    );
    await settled();
    expect(shop.shown.get('x-a')).toBe(0);
    expect(await ledger.rows(CHANNEL, undefined, ['', ''], 10)).toEqual([]);
  });

  it('shows an ended offer until the channel takes its 0', async () => {
    await list('a');
    await change({ a: 3 });
    const pusher = start();
    await settled();
    shop.answers.push('partial', 500, 'hold');
    pusher.want(await ledger.end([{ channel: CHANNEL, sku: 'a', externalId: 'x-a', position: 9, at: now() }]));
    await eventually(() => shop.held.length === 1);
    expect(await ledger.rows(CHANNEL, 'ending', ['', ''], 10)).toMatchObject([{ acknowledgedQuantity: 3 }]);
    shop.release();
    await eventually(async () => (await ledger.rows(CHANNEL, undefined, ['', ''], 10)).length === 0);
    expect(shop.shown.get('x-a')).toBe(0);
  });

  it('shows 0 for all of a closed channel however it fails, then nothing more, and the numbers once it is open again', async () => {
    await list('a', 1, 'b', 'c');
    await change({ a: 3, b: 4, c: 5 });
    const pusher = start();
    await settled();
    shop.unknown.add('x-c');
    shop.answers.push(500, 'partial', 429);
    await close(20);
    pusher.reread();
    await eventually(async () => (await ledger.closed())[0]?.shown === true);
    expect([shop.shown.get('x-a'), shop.shown.get('x-b')]).toEqual([0, 0]);
    const sent = shop.requests.length;
    pusher.want(await change({ a: 9 }));
    pusher.reread();
    await ledger.due(CHANNEL, 10);
    expect(shop.requests).toHaveLength(sent);
    await reopen(30);
    pusher.reread();
    await eventually(() => shop.shown.get('x-a') === 9 && shop.shown.get('x-b') === 4);
  });

  it('keeps trying a listing the channel does not know, without holding up the others', async () => {
    await list('a', 1, 'b');
    shop.unknown.add('x-a');
    await change({ a: 3, b: 4 });
    const pusher = start();
    await eventually(
      async () => (await ledger.rows(CHANNEL, 'failing', ['', ''], 10)).length === 1 && shop.shown.has('x-b'),
    );
    expect(await ledger.rows(CHANNEL, 'failing', ['', ''], 10)).toMatchObject([
      { sku: 'a', lastError: 'unknown-listing' },
    ]);
    expect(pusher.status().circuit).toBe('closed');
  });

  it('sends what changed while a request was on its way with the next request, and only the newest', async () => {
    await list('a');
    shop.answers.push('hold');
    await change({ a: 5 });
    const pusher = start();
    await eventually(() => shop.held.length === 1);
    for (const quantity of [4, 3, 2]) pusher.want(await change({ a: quantity }));
    shop.release();
    await settled();
    expect(shop.requests.flat().map(({ quantity }) => quantity)).toEqual([5, 2]);
  });

  it('opens the circuit after failures in a row and lets one listing probe', async () => {
    await list('a', 1, 'b');
    shop.answers.push(500, 500, 500);
    await change({ a: 3, b: 4 });
    start({ openAfterFailures: 3, openMs: 50 });
    await settled();
    expect(shop.requests[3]).toHaveLength(1);
  });

  it('goes on from the table after a restart in the middle of a request', async () => {
    await list('a');
    shop.answers.push('hold');
    await change({ a: 5 });
    start();
    await eventually(() => shop.held.length === 1);
    await running.splice(0)[0]?.stop();
    await change({ a: 4 });
    ledger = new PushLedger(readModels);
    start();
    await settled();
    expect(shop.shown.get('x-a')).toBe(4);
  });

  it('continues the trace of what changed, also after a restart, and hands it to the channel', async () => {
    const tracer = new RecordingTracer();
    await list('a', 1, 'b', 'c');
    const changes = [changeOf('a', 5), changeOf('b', 4), changeOf('c', 3)];
    const traceparents = ['aa', 'bb'].map((digits) => `00-${digits.repeat(16)}-00f067aa0ba902b7-01`);
    await ledger.want(
      changes.map((each, index) => ({ ...each, ...(traceparents[index] && { traceparent: traceparents[index] }) })),
      0,
      1,
    );
    shop.answers.push(500);
    ledger = new PushLedger(readModels);
    start();
    await settled();
    tracer.stop();

    const outcomes = tracer.steps.map(({ name, kind, traceId, parentId, attributes, error }) => ({
      name,
      kind,
      parentId,
      trace: traceId.slice(0, 2),
      outcome: attributes['einklang.outcome'],
      error,
    }));
    const push = { name: `push ${CHANNEL}`, kind: 'client', parentId: '00f067aa0ba902b7' };
    expect(outcomes).toEqual([
      { ...push, trace: 'aa', outcome: 'failed', error: 'failed' },
      { ...push, trace: 'bb', outcome: 'failed', error: 'failed' },
      { ...push, trace: 'aa', outcome: 'answered', error: undefined },
      { ...push, trace: 'bb', outcome: 'answered', error: undefined },
    ]);
    expect(shop.traceparents).toEqual([0, 2].map((index) => `00-${'aa'.repeat(16)}-${tracer.steps[index]?.spanId}-01`));
  });

  it('reaches everything although memory holds two listings', async () => {
    const skus = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    await list('a', 1, ...skus.slice(1));
    await change(Object.fromEntries(skus.map((sku) => [sku, 1])));
    const pusher = start({ maxInMemory: 2 });
    pusher.want(await change(Object.fromEntries(skus.map((sku) => [sku, 2]))));
    await settled();
    expect(skus.map((sku) => shop.shown.get(`x-${sku}`))).toEqual(skus.map(() => 2));
  });

  it('tells the channel a number only when its sales until then are in it', async () => {
    await list('a', 1, 'b');
    await change({ a: 5, b: 4 });
    let reads = 0;
    start({
      readSales: async () => {
        reads += 1;
        if (reads === 1) await change({ a: 2 }).then((wanted) => running.at(-1)?.pusher.want(wanted));
        return true;
      },
    });
    await settled();
    expect(shop.requests).toHaveLength(1);
    expect(shop.shown).toEqual(
      new Map([
        ['x-a', 2],
        ['x-b', 4],
      ]),
    );
  });

  it.each<[string, () => Promise<boolean>]>([
    ['cannot be read', () => Promise.reject(new Error('The channel is away.'))],
    ['take too long', async () => false],
  ])('lowers numbers while sales of the channel %s, and raises none until then', async (_, unread) => {
    await list('a', 1, 'b');
    await change({ a: 5, b: 5 });
    let readSales = async () => true;
    const pusher = start({ readSales: () => readSales() });
    await settled();
    readSales = unread;
    pusher.want(await change({ a: 9, b: 3 }));
    await eventually(() => shop.shown.get('x-b') === 3);
    await delay(50);
    expect(shop.shown.get('x-a')).toBe(5);
    readSales = async () => true;
    await settled();
    expect(shop.shown.get('x-a')).toBe(9);
  });

  it('finds what the channel shows differently, and mends it', async () => {
    await list('a', 1, 'b', 'c');
    await change({ a: 3, b: 4, c: 5 });
    const pusher = start();
    await settled();
    shop.shown.set('x-b', 7);
    shop.shown.delete('x-c');
    const compare = () =>
      compareWithChannel(CHANNEL, connectorTo(shop.url), ledger, {
        clock: systemClock,
        secondLookMs: 1,
        signal: AbortSignal.timeout(5_000),
      });
    const found = await compare();
    expect(found).toMatchObject({
      compared: 2,
      ignored: 0,
      missing: 1,
      differences: [{ sku: 'b', shown: 7, acknowledged: 4 }],
    });
    pusher.want(await ledger.wantAgain(CHANNEL, found.differences, Date.now()));
    await settled();
    expect((await compare()).differences).toEqual([]);
    expect(shop.shown.get('x-b')).toBe(4);
  });

  it('ends with the newest number whatever the channel answers and whenever it is restarted', async () => {
    const step = fc.oneof(
      fc.record({ sku: fc.constantFrom('a', 'b', 'c'), quantity: fc.integer({ min: 0, max: 2 }) }),
      fc.record({ answer: fc.constantFrom<Answer>(500, 429, 'partial', 'cut', 'taken-then-500') }),
      fc.constant({ restart: true }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        await readModels.execute('truncate channels.push_ledger, channels.availability');
        shop.reset();
        await list('a', 1, 'b', 'c');
        const newest = new Map<string, number>();
        let pusher = start();
        for (const each of steps) {
          if ('sku' in each) {
            newest.set(`x-${each.sku}`, each.quantity);
            pusher.want(await change({ [each.sku]: each.quantity }));
          } else if ('answer' in each) shop.answers.push(each.answer);
          else {
            await running.pop()?.stop();
            pusher = start();
          }
        }
        await settled();
        await running.pop()?.stop();
        expect(new Map([...shop.shown].filter(([id]) => newest.has(id)))).toEqual(newest);
        expect(shop.wentBack).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  function start(
    more: {
      requestsPerSecond?: number;
      openAfterFailures?: number;
      openMs?: number;
      maxInMemory?: number;
      answerWithinMs?: number;
      readSales?: () => Promise<boolean>;
    } = {},
  ): ChannelPusher {
    const { requestsPerSecond = 1_000, openAfterFailures = 100, openMs = 50, maxInMemory = 1_000 } = more;
    const random = () => 0.01;
    const pusher = new ChannelPusher({
      channel: CHANNEL,
      connector: connectorTo(shop.url, more.answerWithinMs),
      gate: new ChannelGate({ requestsPerSecond, openAfterFailures, openMs, random }),
      ledger,
      observer: { lag: () => {}, request: () => {} },
      clock: systemClock,
      readModels,
      random,
      maxInMemory,
      rereadMs: 60_000,
      ...(more.readSales && { readSales: more.readSales }),
    });
    const controller = new AbortController();
    const done = pusher.run(controller.signal);
    running.push({
      pusher,
      stop: async () => {
        controller.abort();
        await done;
      },
    });
    return pusher;
  }
});

/** A busy machine may take a while to answer: only who tests silence wants a short time. */
const connectorTo = (baseUrl: string, answerWithinMs = 10_000) =>
  simulatedConnector('secret', answerWithinMs).connect({ channel: CHANNEL, baseUrl });
const now = (): string => new Date().toISOString();

const changeOf = (sku: string, quantity: number, others: Record<string, number> = {}): AvailabilityChange => ({
  sequence: sequence + 1,
  sku,
  stockRevision: sequence + 1,
  available: { [CHANNEL]: quantity, ...others },
  receivedAt: now(),
});

/** The feed brings these numbers as one change. */
function change(quantities: Readonly<Record<string, number>>) {
  const changes = Object.entries(quantities).map(([sku, quantity]) => changeOf(sku, quantity));
  const from = sequence;
  sequence += 1;
  return ledger.want(changes, from, sequence);
}

async function list(sku: string, position = 1, ...more: string[]) {
  for (const each of [sku, ...more]) shop.expects(`x-${each}`);
  return ledger.list(
    [sku, ...more].map((each) => ({ channel: CHANNEL, sku: each, externalId: `x-${each}`, position, at: now() })),
  );
}

const offer = (sku: string, externalId: string) =>
  ledger.list([{ channel: CHANNEL, sku, externalId, position: 1, at: now() }]);

const close = (at: number) => ledger.close([{ channel: CHANNEL, closed: true, revision: at, position: at, at: now() }]);
const reopen = (at: number) =>
  ledger.close([{ channel: CHANNEL, closed: false, revision: at, position: at, at: now() }]);

async function acknowledgeAll(wanted: Awaited<ReturnType<PushLedger['due']>>) {
  await ledger.acknowledge(
    wanted.map((sent) => ({ channel: CHANNEL, sent: { ...sent, increase: false }, atMs: Date.now() })),
  );
}

const settled = () => eventually(async () => (await ledger.due(CHANNEL, 1)).length === 0);

type Answer = 400 | 429 | 500 | 'hang' | 'hold' | 'cut' | 'partial' | 'nonsense' | 'taken-then-500';
interface Update {
  readonly externalId: string;
  readonly quantity: number;
  readonly revision: number;
}

/** A channel that answers as set up, one answer per request, and well once nothing more is set up. */
class Shop {
  readonly shown = new Map<string, number>();
  readonly unknown = new Set<string>();
  readonly answers: Answer[] = [];
  readonly requests: Update[][] = [];
  readonly requestedAtMs: number[] = [];
  readonly held: (() => void)[] = [];
  /** The headers of that name, of pushes that had one. */
  readonly traceparents: string[] = [];
  /** Listings for which an older revision came after a newer one had been acknowledged. */
  readonly wentBack: string[] = [];
  readonly #acknowledged = new Map<string, number>();
  retryAfterSeconds = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Shop> {
    const server = createServer();
    const started = new Shop(server);
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      if (request.method === 'GET') started.#read(response);
      else {
        started.traceparents.push(...[request.headers.traceparent ?? []].flat());
        started.#write(JSON.parse(body).updates, response);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get url(): string {
    const address = this.server.address();
    return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  reset(): void {
    for (const each of [this.shown, this.unknown, this.#acknowledged]) each.clear();
    for (const each of [this.answers, this.requests, this.requestedAtMs, this.held, this.wentBack, this.traceparents])
      each.length = 0;
    this.retryAfterSeconds = 0;
  }

  expects(externalId: string): void {
    if (!this.shown.has(externalId)) this.shown.set(externalId, 0);
  }

  release(): void {
    for (const finish of this.held.splice(0)) finish();
  }

  #read(response: ServerResponse): void {
    const items = [...this.shown].map(([externalId, quantity]) => ({ externalId, sku: externalId.slice(2), quantity }));
    response.end(JSON.stringify({ items, next: null }));
  }

  #write(updates: Update[], response: ServerResponse): void {
    this.requests.push(updates);
    this.requestedAtMs.push(Date.now());
    const answer = this.answers.shift();
    const taken = (some: Update[]) =>
      response.end(JSON.stringify({ results: some.map((update) => this.#take(update)) }));
    switch (answer) {
      case undefined:
        return void taken(updates);
      case 'partial':
        return void taken(updates.slice(1));
      case 'hold':
        this.held.push(() => taken(updates));
        return;
      case 'hang':
        return;
      case 'cut':
        return void response.socket?.destroy();
      case 'nonsense':
        return void response.end('<html>');
      case 'taken-then-500':
        for (const { externalId, quantity } of updates) this.shown.set(externalId, quantity);
        return void response.writeHead(500).end();
      case 400:
      case 429:
      case 500:
        return void response
          .writeHead(answer, answer === 429 ? { 'retry-after': String(this.retryAfterSeconds) } : {})
          .end('{}');
      default:
        answer satisfies never;
    }
  }

  #take({ externalId, quantity, revision }: Update) {
    if (this.unknown.has(externalId)) return { externalId, status: 'unknown-listing' };
    if (revision < (this.#acknowledged.get(externalId) ?? -1)) this.wentBack.push(externalId);
    this.#acknowledged.set(externalId, revision);
    this.shown.set(externalId, quantity);
    return { externalId, status: 'ok' };
  }
}
