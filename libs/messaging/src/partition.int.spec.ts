import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { KafkaMessage } from 'kafkajs';
import { EventRegistry } from '#event-sourcing';
import { openReadModels, type ReadModels } from '#read-models';
import { createTestDatabase, InMemoryEventStore, type TestDatabase } from '#testing';
import { countedOn, note, registry } from '../test/counting.js';
import { PartitionMoved } from './checkpoints.js';
import { encodeEvent } from './cloud-event.js';
import { deadLetters, replayDeadLetters } from './dead-letters.js';
import { Partition } from './partition.js';
import { MessageReader } from './reading.js';
import type { Subscription } from './subscription.js';
import { createMessagingTables } from './tables.js';

describe('a partition', () => {
  let database: TestDatabase;
  let readModels: ReadModels;
  let messages: KafkaMessage[];

  beforeEach(async () => {
    database = await createTestDatabase();
    readModels = await openReadModels({ url: database.url });
    await createMessagingTables(readModels);
    await readModels.execute(
      'create schema counting; create table counting.seen (stream text, revision bigint, position bigint, primary key (stream, revision))',
    );
    messages = await encoded(20);
  });
  afterEach(async () => {
    await readModels.close();
    await database.drop();
  });

  it('gives each message its effect once, however often and in whatever cuts it comes', async () => {
    const partition = await open();
    await partition.take(messages.slice(0, 10));
    await partition.take([...messages.slice(5, 15), ...messages.slice(3, 12)]);
    await (await open()).take(messages);
    expect(await seen()).toBe(20);
    expect(partition.checkpoint).toEqual({ nextOffset: 12, position: 15 });
  });

  it('has no effect in the hands of a process that lost it', async () => {
    const [former, next] = [await open(), await open()];
    await former.take(messages.slice(0, 5));
    await expect(next.take(messages.slice(0, 10))).rejects.toThrow(PartitionMoved);

    const owner = await open();
    await owner.take(messages.slice(5, 10));
    await expect(former.take(messages.slice(5, 20))).rejects.toThrow(PartitionMoved);
    expect(await seen()).toBe(10);
  });

  it('stores how far it came with messages without a handler, without a page', async () => {
    const partition = await open({ types: ['Ignored'] });
    await partition.take(messages);
    expect(partition.counts).toMatchObject({ pages: 0, skipped: 20 });
    await partition.tick();
    expect((await open({ types: ['Ignored'] })).checkpoint.nextOffset).toBe(20);
  });

  it('hands a repeat over again where the latest wins', async () => {
    const handled: number[] = [];
    const partition = await open({
      latestWins: true,
      handle: async (page) => {
        handled.push(...page.map(({ position }) => position));
      },
    });
    await partition.take(messages.slice(0, 3));
    await partition.take(messages.slice(1, 3));
    expect(handled).toEqual([1, 2, 3, 2, 3]);
  });

  it('leaves out what was folded in by other ways', async () => {
    const partition = await open({ begin: async () => 12, handle: noteAny });
    await partition.take(messages);
    expect(await seen()).toBe(8);
  });

  it('parks what a reaction refuses and does not hold a transaction meanwhile', async () => {
    let isRefused = true;
    const reacted: number[] = [];
    const reaction: Partial<Subscription> = {
      outsideTransaction: true,
      handle: async (page, db) => {
        expect(db).toBe(readModels);
        if (isRefused && page.some(({ stream }) => stream === 'counter-1')) throw new Error('refused');
        reacted.push(...page.map(({ position }) => position));
      },
    };
    const partition = await open(reaction);
    for (let attempt = 0; attempt < 3; attempt += 1) await expect(partition.take(messages)).rejects.toThrow('refused');
    await partition.take(messages);
    expect(reacted).toHaveLength(13);
    expect(partition.parked).toBe(7);

    isRefused = false;
    await replayDeadLetters(readModels, 'spec');
    await partition.tick();
    expect(reacted.slice(13)).toEqual([2, 5, 8, 11, 14, 17, 20]);
    expect(partition.parked).toBe(0);
  });

  it('parks nothing of what an outage interrupts while messages are tried one by one', async () => {
    let isAway = false;
    readModels.outages.add(async () => {
      if (isAway) throw new Error('The event store is away.');
    });
    let calls = 0;
    const partition = await open({
      outsideTransaction: true,
      handle: async (page) => {
        calls += 1;
        if (page.length > 1) throw new Error('a page fails');
        isAway = calls > 8;
        if (isAway) throw new Error('The command was not answered.');
      },
    });
    for (let attempt = 0; attempt < 3; attempt += 1)
      await expect(partition.take(messages)).rejects.toThrow('a page fails');
    await expect(partition.take(messages)).rejects.toThrow('The command was not answered.');
    expect([partition.parked, partition.checkpoint.nextOffset]).toEqual([0, 0]);
  });

  it('parks a message that an upcaster stumbles over, and no other', async () => {
    const strict = new EventRegistry(
      ['Counted'],
      [
        {
          from: 'Tallied',
          to: 'Counted',
          upcast: () => {
            throw new TypeError('units is undefined');
          },
        },
      ],
    );
    const whole: Subscription = { name: 'spec', topics: ['events'], types: ['Counted'], handle: note };
    const key = { consumer: 'spec', topic: 'events', partition: 0 };
    const limits = { attempts: 3, parkedMax: 10 };
    const partition = await Partition.open(key, readModels, whole, new MessageReader(whole, strict), limits);
    const [first, ...others] = messages;
    const old = { ...first, headers: { ...first?.headers, ce_type: 'Tallied' } } as KafkaMessage;
    await partition.take([old, ...others.filter((message) => message.key?.toString() !== first?.key?.toString())]);
    expect(partition.parked).toBe(1);
    expect(await seen()).toBe(13);
    expect(await deadLetters(readModels)).toMatchObject([{ error: 'units is undefined', type: 'Tallied' }]);
  });

  function open(subscription: Partial<Subscription> = {}): Promise<Partition> {
    const whole: Subscription = { name: 'spec', topics: ['events'], types: ['Counted'], handle: note, ...subscription };
    const key = { consumer: 'spec', topic: 'events', partition: 0 };
    return Partition.open(key, readModels, whole, new MessageReader(whole, registry), { attempts: 3, parkedMax: 10 });
  }

  async function seen(): Promise<number> {
    return (await readModels.query('select 1 from counting.seen')).length;
  }
});

const noteAny: Subscription['handle'] = async (page, tx) => {
  for (const { stream, revision, position } of page)
    await tx.execute('insert into counting.seen values ($1, $2, $3)', [stream, revision, position]);
};

async function encoded(count: number): Promise<KafkaMessage[]> {
  const store = new InMemoryEventStore();
  for (let index = 0; index < count; index += 1) await store.append([countedOn(index % 3, index)]);
  const { events } = await store.readAll({ after: 0 });
  return events.map((event, offset) => {
    const { key, value, headers } = encodeEvent(event);
    return { key: Buffer.from(key), value, headers, offset: String(offset), timestamp: '0', attributes: 0 };
  });
}
