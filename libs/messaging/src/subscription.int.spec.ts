import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { becauseOf } from '#event-sourcing';
import {
  column,
  compareProjection,
  defineTable,
  type Projection,
  ProjectionRunner,
  parkedEvents,
  rebuild,
} from '#read-models';
import { describeWithKafka, eventually } from '#testing';
import { countedOn } from '../test/counting.js';
import { MessagingTest } from '../test/messaging-test.js';
import type { Consumer } from './consumer.js';
import { projectionSubscription, reactionSubscription, type Subscription } from './subscription.js';

/** Reads rows and writes them back, as a fold does that must see each event once and alone. */
const counters: Projection = {
  name: 'counters',
  version: 1,
  types: ['Counted'],
  tables: [
    defineTable({
      name: 'totals',
      columns: { id: column.code('Of all'), events: column.count('So far'), sum: column.count('Of their numbers') },
      key: ['id'],
    }),
  ],
  apply: async (page, tx) => {
    const [total] = await tx.query<{ events: number; sum: number }>("select events, sum from totals where id = 'all'");
    const sum = page.reduce((all, { data }) => all + ('number' in data ? Number(data.number) : 0), total?.sum ?? 0);
    await tx.execute(
      "insert into totals values ('all', $1, $2) on conflict (id) do update set events = excluded.events, sum = excluded.sum",
      [(total?.events ?? 0) + page.length, sum],
    );
  },
};

await describeWithKafka('the same view and reaction', () => {
  let test: MessagingTest;

  beforeEach(async () => {
    test = await MessagingTest.onSharedBrokers();
    test.relay().start();
  });
  afterEach(() => test.close());

  it('has the same rows fed by Kafka, over several partitions, as fed by the store', async () => {
    await test.append(400, 30);
    const consumer = run(projectionSubscription(counters, options()));
    await eventually(() => consumer.status().messages === 400);

    const comparison = await compareProjection(test.readModels, counters, test.store);
    expect(comparison.tables.map(({ differences }) => differences)).toEqual([0]);
    expect(await totals()).toEqual({ events: 400, sum: (400 * 399) / 2 });
  });

  it('is not given again what a rebuild from the store has folded', async () => {
    const subscription = projectionSubscription(counters, options());
    const first = run(subscription);
    await test.append(50, 30);
    await eventually(() => first.status().messages === 50);
    await first.stop();
    await test.append(50, 30);
    await rebuild(test.readModels, counters, test.store);
    expect(await totals()).toMatchObject({ events: 100 });

    const second = run(subscription);
    await test.append(50, 30);
    await eventually(() => second.status().messages === 100);
    expect(await totals()).toEqual({ events: 150, sum: 3 * ((50 * 49) / 2) });
  });

  it('is rebuilt from the store when its version rises, and goes on with Kafka', async () => {
    const first = run(projectionSubscription(counters, options()));
    await test.append(50, 30);
    await eventually(() => first.status().messages === 50);
    await first.stop();
    const raised = { ...counters, version: 2 };
    const second = run(projectionSubscription(raised, { ...options(), store: test.store }));
    await test.append(50, 30);
    await eventually(async () => (await totals())?.events === 100);
    await eventually(() => second.status().ready && second.status().partitions.every(({ lag }) => lag === 0));
    expect(await totals()).toMatchObject({ events: 100 });
  });

  it('starts with Kafka where the store left off', async () => {
    const runner = new ProjectionRunner(test.readModels, counters, test.store);
    runner.start();
    await test.append(60, 30);
    await runner.waitFor(60, 10_000);
    await runner.stop();
    await test.append(40, 30);
    const consumer = run(projectionSubscription(counters, options()));
    await eventually(() => consumer.status().messages === 100);
    expect(await totals()).toMatchObject({ events: 100 });
  });

  it('sends the same commands, with what it needs to say what caused them', async () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const counted = countedOn('traced', 7);
    const [event] = counted.events;
    if (!event) throw new Error('There is no event.');
    const metadata = { ...event.metadata, traceparent: trace };
    await test.store.append([{ ...counted, events: [{ ...event, metadata }] }]);
    const [stored] = (await test.store.readAll({ after: 0 })).events;
    if (!stored) throw new Error('There is no event.');
    const commands: unknown[] = [];
    const reaction = {
      name: 'when-counted-count-on',
      types: ['Counted'],
      react: async (events: readonly (typeof stored)[]) => {
        for (const one of events) commands.push(one, becauseOf('count-on', one, 'next'));
      },
    };
    run(reactionSubscription(reaction, options()));
    await eventually(() => commands.length > 0);

    expect(commands).toEqual([stored, becauseOf('count-on', stored, 'next')]);
    expect(commands[0]).toMatchObject({ metadata: { traceparent: trace } });
    expect(await parkedEvents(test.readModels, reaction.name)).toEqual([]);
  });

  function run(subscription: Subscription): Consumer {
    const consumer = test.consumer(subscription);
    consumer.start();
    return consumer;
  }

  const options = () => ({ groupPrefix: `${test.topic}.`, topicOf: () => test.topic });

  async function totals(): Promise<{ events: number; sum: number } | undefined> {
    return (
      await test.readModels.query<{ events: number; sum: number }>('select events, sum from view_counters.totals')
    )[0];
  }
});
