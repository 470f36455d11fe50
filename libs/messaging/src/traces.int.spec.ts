import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { AvailabilityChange } from '#contracts';
import { continueTrace, currentContext, EventRegistry, type RecordedEvent } from '#event-sourcing';
import { describeWithKafka, eventually, RecordingTracer } from '#testing';
import { countedOn } from '../test/counting.js';
import { MessagingTest } from '../test/messaging-test.js';
import { AVAILABILITY_CHANGED, availabilityIn } from './availability-message.js';
import { AvailabilityRelay } from './availability-relay.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const traced = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

await describeWithKafka('a trace', () => {
  let test: MessagingTest;
  let tracer: RecordingTracer;

  beforeEach(async () => {
    test = await MessagingTest.onSharedBrokers();
    tracer = new RecordingTracer();
  });
  afterEach(async () => {
    tracer.stop();
    await test.close();
  });

  it('crosses from the log over Kafka into the work of a consumer', async () => {
    const { stream, expected, events } = countedOn('a', 0);
    await test.store.append([
      {
        stream,
        expected,
        events: events.map((event) => ({ ...event, metadata: { ...event.metadata, traceparent: traced } })),
      },
    ]);
    await test.store.append([countedOn('b', 1)]);
    const received: RecordedEvent[] = [];
    const contexts: unknown[] = [];
    test.relay({ name: 'relay' }).start();
    const consumer = test.consumer({
      outsideTransaction: true,
      handle: async (page) => {
        received.push(...page);
        contexts.push(currentContext()?.correlationId);
        for (const { metadata } of page)
          continueTrace(metadata.traceparent, () => ({ name: 'command', kind: 'internal' }))?.end();
      },
    });
    consumer.start();
    await eventually(() => received.length === 2);
    await eventually(
      () => tracer.named(`consume ${test.topic}`).length === 1 && tracer.named('process relay').length === 1,
    );

    const [command] = tracer.named('command');
    expect(command && tracer.pathOf(command)).toEqual(['command', `consume ${test.topic}`, 'process relay']);
    expect(tracer.named('process relay')[0]).toMatchObject({ kind: 'producer', parentId: '00f067aa0ba902b7' });
    expect(tracer.named(`consume ${test.topic}`)[0]).toMatchObject({
      kind: 'consumer',
      attributes: { 'messaging.destination.name': test.topic, 'einklang.stream': 'counter-a' },
    });
    expect(new Set(tracer.steps.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
    expect(received.find(({ stream: from }) => from === 'counter-b')?.metadata).not.toHaveProperty('traceparent');
    expect(new Set(contexts)).toEqual(new Set(['c']));
  });

  it('crosses with the availability of a SKU', async () => {
    const change: AvailabilityChange = {
      sequence: 1,
      sku: 'LAMP',
      stockRevision: 0,
      available: { amazon: 7 },
      receivedAt: '2026-01-01T00:00:00.000Z',
    };
    const relay = new AvailabilityRelay(
      test.kafka,
      test.readModels,
      {
        follow: ({ signal }) =>
          feedOf(
            [
              { ...change, traceparent: traced },
              { ...change, sku: 'VASE', sequence: 2 },
            ],
            signal,
          ),
      },
      { topic: test.topic, standbyMs: 20 },
    );
    const received: AvailabilityChange[] = [];
    const consumer = test.consumer(
      {
        types: [AVAILABILITY_CHANGED],
        latestWins: true,
        outsideTransaction: true,
        handle: async (page) => void received.push(...page.map(availabilityIn)),
      },
      { registry: new EventRegistry([AVAILABILITY_CHANGED]) },
    );
    relay.start();
    consumer.start();
    await eventually(() => received.length === 2).finally(() => relay.stop());
    await eventually(() => tracer.named(`consume ${test.topic}`).length === 1);

    const [consumed] = tracer.named(`consume ${test.topic}`);
    expect(consumed && tracer.pathOf(consumed)).toEqual([`consume ${test.topic}`, 'send availability']);
    expect(received.toSorted((a, b) => a.sequence - b.sequence)).toEqual([
      { ...change, traceparent: `00-${TRACE_ID}-${consumed?.spanId}-01` },
      { ...change, sku: 'VASE', sequence: 2 },
    ]);
  });
});

/** One batch, and then nothing until the follower is gone. */
async function* feedOf<Item>(batch: Item, signal: AbortSignal): AsyncGenerator<Item> {
  yield batch;
  if (!signal.aborted) await once(signal, 'abort');
}
