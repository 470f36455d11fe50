import { describe, expect, it } from '@jest/globals';
import type { Reading } from '../connector.js';
import { derivedKey, simulatedConnector, webhookSignature } from './simulated.connector.js';

const SECRET = 'a secret for specs';
const connector = simulatedConnector(SECRET).connect({ channel: 'web-shop', baseUrl: 'http://127.0.0.1:1' });
const order = {
  externalOrderId: 'A-1',
  revision: 2,
  placedAt: '2026-01-31T12:00:00.000Z',
  currency: 'EUR',
  cancelled: false,
  lines: [{ lineId: '1', externalId: 'x-1', sku: '85123A', units: 2, unitPriceMinor: 1299 }],
  customer: { email: 'ada@example.com', phone: '+4930123456', customerId: 'c-7' },
  sequence: 9,
};
const bodyOf = (message: unknown): Buffer => Buffer.from(JSON.stringify(message));
const created = bodyOf({ topic: 'order.created', order });
const signed = (body: Buffer, key = derivedKey(SECRET, 'webhook', 'web-shop')) => ({
  'x-simulated-signature': webhookSignature(body, key),
  'x-simulated-message-id': 'm-1',
});

describe('the simulated connector', () => {
  it('derives keys and signatures that another implementation gets too', () => {
    // printf %s 'webhook:web-shop' | openssl dgst -sha256 -hmac 'a secret for specs'
    expect(derivedKey('a secret for specs', 'webhook', 'web-shop')).toBe(VECTOR_KEY);
    // printf %s '{"topic":"x"}' | openssl dgst -sha256 -hmac <the key above> -binary | base64
    expect(webhookSignature(Buffer.from('{"topic":"x"}'), VECTOR_KEY)).toBe(VECTOR_SIGNATURE);
  });

  it('reads a signed order as a sale', () => {
    expect(read(created)).toEqual({
      kind: 'sales',
      sales: [
        {
          channel: 'web-shop',
          externalOrderId: 'A-1',
          revision: 2,
          messageId: 'm-1',
          placedAt: '2026-01-31T12:00:00.000Z',
          currency: 'EUR',
          cancelled: false,
          lines: [{ lineId: '1', externalId: 'x-1', sku: '85123A', units: 2, unitPriceMinor: 1299 }],
          customer: { email: 'ada@example.com', phone: '+4930123456', channelCustomerId: 'c-7' },
        },
      ],
    });
  });

  const altered = Buffer.from(created);
  altered[altered.length - 3] = (altered[altered.length - 3] ?? 0) ^ 1;
  const signature = signed(created)['x-simulated-signature'];

  it.each([
    ['an altered body', altered, signed(created)],
    [
      'an altered signature',
      created,
      { ...signed(created), 'x-simulated-signature': `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}` },
    ],
    ['a cut signature', created, { ...signed(created), 'x-simulated-signature': signature.slice(0, -1) }],
    ['an empty signature', created, { ...signed(created), 'x-simulated-signature': '' }],
    ['no signature', created, { 'x-simulated-message-id': 'm-1' }],
    ['two signatures', created, { ...signed(created), 'x-simulated-signature': [signature, signature] }],
    ['the key of another channel', created, signed(created, derivedKey(SECRET, 'webhook', 'other'))],
    ['the key of the API', created, signed(created, derivedKey(SECRET, 'api', 'web-shop'))],
  ])('refuses %s', (_, body, headers) => {
    expect(connector.verify(body, headers as Record<string, string>)).toBeUndefined();
  });

  it('acknowledges a topic it does not follow', () => {
    const body = bodyOf({ topic: 'product.updated', product: {} });
    expect(read(body)).toEqual({ kind: 'unsupported', topic: 'product.updated' });
  });

  it.each([
    ['no JSON', Buffer.from('{')],
    ['no topic', bodyOf({ order })],
    ['a currency of two letters', bodyOf({ topic: 'order.created', order: { ...order, currency: 'EU' } })],
  ])('says what is wrong with %s, without the values', (_, body) => {
    const reading = read(body);
    expect(reading?.kind).toBe('unreadable');
    expect(JSON.stringify(reading)).not.toContain('ada@example.com');
  });

  it.each([
    ['an e-mail of one letter', { customer: { email: 'a', customerId: 'c-7' } }],
    ['no customer', { customer: null }],
    ['an offer without our SKU', { lines: [{ lineId: '1', externalId: 'x-1', units: 2, unitPriceMinor: 1299 }] }],
    ['a local time', { placedAt: '2026-01-31T13:00:00+01:00' }],
    ['a discount', { lines: [...order.lines, { lineId: '2', units: 1, unitPriceMinor: -500 }] }],
    ['a cancellation without lines', { cancelled: true, lines: undefined }],
  ])('reads an order with %s', (_, change) => {
    const reading = read(bodyOf({ topic: 'order.updated', order: { ...order, ...change } }));
    expect(reading).toMatchObject({ kind: 'sales', sales: [{ placedAt: '2026-01-31T12:00:00.000Z' }] });
  });

  it.each([
    ['a form that is not ours', bodyOf({ topic: 'order.created', order: { ...order, lines: 'none' } })],
    ['a cut body', created.subarray(0, 90)],
    ['no topic', bodyOf({ order })],
  ])('finds the order number in %s', (_, body) => {
    expect(read(body)).toMatchObject({ kind: 'unreadable', externalOrderId: 'A-1' });
  });

  it('gives a message without an id one that is the same at the next attempt, and another one to other words', () => {
    const idOf = (body: Buffer) =>
      connector.verify(body, { 'x-simulated-signature': signed(body)['x-simulated-signature'] })?.messageId;
    expect(idOf(created)).toMatch(/^[0-9a-f]{64}$/);
    expect(idOf(Buffer.from(created))).toBe(idOf(created));
    expect(idOf(bodyOf({ topic: 'order.updated', order }))).not.toBe(idOf(created));
  });
});

function read(body: Buffer): Reading | undefined {
  const message = connector.verify(body, signed(body));
  return message && connector.read(message);
}

const VECTOR_KEY = '6b2af76879c36f0ccc789f0361901e6b8885e2c2dad1fb8fe51a254b1551e02b';
const VECTOR_SIGNATURE = 'q1egMrdWcS7EYPyMmTOnAcvpsHNHAWpOnX1uguZqaO8=';
