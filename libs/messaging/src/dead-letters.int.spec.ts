import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { RecordedEvent } from '#event-sourcing';
import type { Tx } from '#read-models';
import { describeWithKafka, eventually } from '#testing';
import { note } from '../test/counting.js';
import { MessagingTest } from '../test/messaging-test.js';
import type { Consumer } from './consumer.js';
import { deadLetter, deadLetters, discardDeadLetter, replayDeadLetters } from './dead-letters.js';

await describeWithKafka('a message that cannot be handled', () => {
  let test: MessagingTest;
  /** The handler refuses these streams. */
  let poison: Set<string>;

  beforeEach(async () => {
    // One partition: the others of the partition are to flow.
    test = await MessagingTest.onSharedBrokers({ partitions: 1 });
    poison = new Set(['counter-3']);
    test.relay().start();
  });
  afterEach(() => test.close());

  it('parks its key, later messages of the key behind it, and the others of its partition flow', async () => {
    const consumer = refusing();
    await test.append(20);
    await test.untilSeen(18);
    await test.append(20);
    await test.untilSeen(36);

    const letters = await deadLetters(test.readModels, { consumer: test.topic });
    expect(letters.map(({ key, attempts, error }) => ({ key, attempts, error }))).toEqual([
      { key: 'counter-3', attempts: 3, error: 'poison' },
      ...Array(3).fill({ key: 'counter-3', attempts: 0, error: 'waits behind an earlier message of its key' }),
    ]);
    expect(consumer.status()).toMatchObject({ ready: true, parked: 4 });
  });

  it('can be looked at, as Kafka delivered it', async () => {
    refusing();
    await test.append(10);
    await test.untilSeen(9);

    const [letter] = await deadLetters(test.readModels, { key: 'counter-3' });
    if (!letter) throw new Error('Nothing was parked.');
    expect(await deadLetter(test.readModels, test.topic, letter)).toMatchObject({
      type: 'Counted',
      headers: { ce_type: 'Counted', ce_subject: 'counter-3', ce_position: '4' },
      value: '{"number":3}',
    });
  });

  it('is handled with all that waits behind it when it is replayed, in order', async () => {
    const consumer = refusing();
    await test.append(30);
    await test.untilSeen(27);
    await replayDeadLetters(test.readModels, test.topic, 'counter-3');
    await eventually(async () => (await deadLetters(test.readModels)).every(({ retry }) => !retry));
    expect(await deadLetters(test.readModels)).toHaveLength(3);

    poison.clear();
    await replayDeadLetters(test.readModels, test.topic, 'counter-3');
    await test.untilSeen(30);
    await eventually(() => consumer.status().parked === 0);
    await test.append(10);
    await test.untilSeen(40);
    expect(await test.seen()).toBe(40);
  });

  it('can be discarded, and what waited behind it replayed', async () => {
    refusing(noteWithGaps);
    await test.append(30);
    await test.untilSeen(27);
    const [first] = await deadLetters(test.readModels);
    if (!first) throw new Error('Nothing was parked.');
    expect(await discardDeadLetter(test.readModels, test.topic, first)).toBe(true);
    expect(await discardDeadLetter(test.readModels, test.topic, first)).toBe(false);

    poison.clear();
    await replayDeadLetters(test.readModels, test.topic);
    await test.untilSeen(29);
    expect(await deadLetters(test.readModels)).toEqual([]);
    expect(await test.seen()).toBe(29);
  });

  it('is parked again by the process that owns the partition next', async () => {
    const first = refusing();
    await test.append(10);
    await test.untilSeen(9);
    await first.stop();
    const second = refusing();
    await test.append(10);
    await test.untilSeen(18);
    expect(second.status().parked).toBe(2);
    expect(await deadLetters(test.readModels)).toHaveLength(2);
  });

  it('parks only itself when it has no key, and its key when it cannot be read', async () => {
    const consumer = refusing();
    const producer = test.kafka.producer();
    await producer.connect();
    const headers = { ce_type: 'Counted', ce_position: '0', nul: 'a\0b' };
    await producer.send({
      topic: test.topic,
      messages: [
        { key: null, value: 'what is this' },
        { key: 'counter-5', value: Buffer.from([0, 255, 0]), headers },
        { key: 'counter-\0', value: null, headers },
      ],
    });
    await producer.disconnect();
    await eventually(() => consumer.status().parked === 3);
    poison.clear();
    await test.append(10);
    await test.untilSeen(9);

    const letters = await deadLetters(test.readModels);
    expect(letters.map(({ key }) => key)).toEqual(['offset 0', 'counter-5', 'counter-\uFFFD', 'counter-5']);
    expect(letters.map(({ error }) => error)).toEqual([
      'Header ce_commandid is missing.',
      'Header ce_commandid is missing.',
      'Header ce_commandid is missing.',
      'waits behind an earlier message of its key',
    ]);
    expect(consumer.status()).toMatchObject({ ready: true });
  });

  it('stops its partition when more would be parked than allowed', async () => {
    const consumer = refusing(note, 2);
    await test.append(30);
    await eventually(() => (consumer.status().error ?? '').startsWith('More than 2 messages'));
    expect(consumer.status().ready).toBe(false);
    expect(await deadLetters(test.readModels)).toEqual([]);

    poison.clear();
    await test.untilSeen(30);
    await eventually(() => consumer.status().ready);
  });

  it('is not blamed when nothing works', async () => {
    poison = new Set(Array.from({ length: 10 }, (_, stream) => `counter-${stream}`));
    const consumer = refusing();
    await test.append(20);
    await eventually(() => (consumer.status().partitions[0]?.failures ?? 0) > 4);
    expect(await deadLetters(test.readModels)).toEqual([]);
    poison.clear();
    await test.untilSeen(20);
    expect(consumer.status().parked).toBe(0);
  });

  function refusing(handler = note, parkedMax = 100): Consumer {
    const handle = async (page: readonly RecordedEvent[], tx: Tx): Promise<void> => {
      await handler(page, tx);
      if (page.some(({ stream }) => poison.has(stream))) throw new Error('poison');
    };
    const consumer = test.consumer({ handle }, { attempts: 2, parkedMax });
    consumer.start();
    return consumer;
  }
});

async function noteWithGaps(page: readonly RecordedEvent[], tx: Tx): Promise<void> {
  for (const { stream, revision, position } of page)
    await tx.execute('insert into counting.seen values ($1, $2, $3)', [stream, revision, position]);
}
