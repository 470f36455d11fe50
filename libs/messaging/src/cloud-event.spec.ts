import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RecordedEvent } from '#event-sourcing';
import { CLOUD_EVENT_HEADERS, decodeEvent, encodeEvent, MalformedMessage } from './cloud-event.js';

/** What readers of ours do not need. */
const NOT_READ = new Set(['content-type', 'ce_specversion', 'ce_source']);

describe('an event as a message', () => {
  it('comes back as it was, whatever is in it', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        expect(decodeEvent(delivered(event))).toEqual(event);
      }),
    );
  });

  it('has its stream as key and a known header for everything but the data', () => {
    const { key, value, headers } = encodeEvent(EVENT);
    expect(key).toBe('stock-85123A');
    expect(JSON.parse(value.toString())).toEqual({ units: 3 });
    expect(headers).toMatchObject({ ce_specversion: '1.0', ce_source: '/einklang/stock', ce_subject: key });
    for (const name of Object.keys(headers)) expect(CLOUD_EVENT_HEADERS).toHaveProperty([name]);
  });

  it.each(Object.entries(CLOUD_EVENT_HEADERS).filter(([name, { optional }]) => !optional && !NOT_READ.has(name)))(
    'is malformed without the header %s',
    (name) => {
      const message = delivered(EVENT);
      delete message.headers[name];
      expect(() => decodeEvent(message)).toThrow(new MalformedMessage(`Header ${name} is missing.`));
    },
  );

  it.each([
    ['a value that is no JSON', { value: Buffer.from('{') }, 'The value is not JSON.'],
    ['no value', { value: null }, 'The value is not JSON.'],
    ['a value that is no object', { value: Buffer.from('1') }, 'The value is not a JSON object.'],
    ['a position that is no number', { position: '' }, 'Header ce_position is not a whole number.'],
    ['a position beyond 2^53', { position: '9007199254740993' }, 'Header ce_position is not a whole number.'],
    ['a negative position', { position: '-1' }, 'Header ce_position is not a whole number.'],
  ])('is malformed with %s', (_, change, reason) => {
    const message = delivered(EVENT);
    const headers = 'position' in change ? { ...message.headers, ce_position: change.position } : message.headers;
    const value = 'value' in change ? change.value : message.value;
    const decode = () => decodeEvent({ ...message, headers, value });
    expect(decode).toThrow(MalformedMessage);
    expect(decode).toThrow(reason);
  });
});

const EVENT: RecordedEvent = {
  id: '0197c1f0-5b7a-7cc0-8000-2f1a4b6c8d0e',
  type: 'StockReceived',
  data: { units: 3 },
  metadata: { commandId: 'c-1', correlationId: 'c-0', actor: 'till-7', occurredAt: '2026-01-31T12:00:00.000Z' },
  stream: 'stock-85123A',
  revision: 4,
  position: 17,
  recordedAt: '2026-01-31T12:00:00.005Z',
};

const text = fc.string({ unit: 'grapheme', minLength: 1 });
const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const anyEvent: fc.Arbitrary<RecordedEvent> = fc.record({
  id: text,
  type: text,
  data: fc.dictionary(text, fc.oneof(text, whole, fc.array(text))).map((data) => JSON.parse(JSON.stringify(data))),
  metadata: fc.record(
    {
      commandId: text,
      correlationId: text,
      actor: text,
      occurredAt: text,
      causationId: text,
      receivedAt: text,
      traceparent: text,
    },
    { requiredKeys: ['commandId', 'correlationId', 'actor', 'occurredAt'] },
  ),
  stream: text,
  revision: whole,
  position: whole,
  recordedAt: text,
});

/** As Kafka hands it over: everything in bytes. */
function delivered(event: RecordedEvent) {
  const { key, value, headers } = encodeEvent(event);
  const bytes: Record<string, Buffer> = {};
  for (const [name, header] of Object.entries(headers)) bytes[name] = Buffer.from(header);
  return { key: Buffer.from(key), value, headers: bytes };
}
