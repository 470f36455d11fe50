import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { RecordedEvent } from '#event-sourcing';
import { startEventStoreDbDouble } from '#testing';
import { EventStoreDbStore } from './eventstoredb-store.js';
import { copied, originalOf } from './stored-event.js';

it('gives an event of another log back with the time it was recorded there, and its position beside it', async () => {
  const double = await startEventStoreDbDouble();
  const store = await EventStoreDbStore.open({ url: double.url() });
  const metadata = { commandId: 'c', correlationId: 'r', actor: 'spec', occurredAt: '2026-01-01T00:00:00.000Z' };
  const event: RecordedEvent = {
    id: randomUUID(),
    type: 'Counted',
    data: { number: 1 },
    metadata,
    stream: 'counter-1',
    revision: 0,
    position: 17,
    recordedAt: '2020-02-29T12:00:00.123Z',
  };
  await store.append([{ stream: event.stream, expected: 'no-stream', events: [copied(event)] }]);
  await store.append([{ stream: event.stream, expected: 0, events: [{ ...event, id: randomUUID() }] }]);
  const [first, second] = await store.readStream(event.stream);
  await store.close();
  await double.stop();

  expect(first).toMatchObject({ ...event, position: expect.any(Number) });
  expect(first?.position).not.toBe(17);
  expect(originalOf(first?.metadata ?? {})).toEqual({ position: 17, recordedAt: event.recordedAt });
  expect(second?.recordedAt).not.toBe(event.recordedAt);
  expect(originalOf(second?.metadata ?? {})).toBeUndefined();
});
