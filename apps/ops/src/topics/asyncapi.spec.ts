import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { AVAILABILITY_TOPIC, allEvents, isOfProcesses } from '#contracts';
import { MAX_EVENT_BYTES } from '#event-sourcing';
import { AVAILABILITY_CHANGED, asyncApiDocument, availabilityEvent, encodeAvailability, topicsFrom } from '#messaging';
import { messageSchemas } from '../../../../libs/messaging/test/message-schemas.js';
import { serviceParts } from '../../../standalone/src/services.js';

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const topics = topicsFrom(read('../../../../deploy/kafka/topics.json'));
const publishes = Object.values(serviceParts).map((parts) => parts.publishes);
const file = read('../../../../libs/messaging/asyncapi.json');

describe('what is published', () => {
  it('is every event but those of processes, each on one topic that topics.json describes', () => {
    const stored = publishes.flatMap(({ messages }) => [...messages.keys()]);
    const all = Object.keys(allEvents).filter((type) => !isOfProcesses(type));
    expect(stored.toSorted()).toEqual(all.toSorted());
    const names = new Set([...publishes.map(({ topic }) => topic), AVAILABILITY_TOPIC]);
    expect(topics.map(({ name }) => name).toSorted()).toEqual([...names].toSorted());
  });

  it('fits into its topic, also the largest event that is stored with its headers', () => {
    const headerBytes = 16_384;
    for (const { name, maxMessageBytes } of topics)
      expect([name, maxMessageBytes >= MAX_EVENT_BYTES + headerBytes]).toEqual([name, true]);
  });

  it('is kept permanently where it is the log, and compacted where the latest wins', () => {
    for (const { name, cleanup, key, retentionDays, owner } of topics) {
      const isAvailability = name === AVAILABILITY_TOPIC;
      expect({ cleanup, key }).toEqual(
        isAvailability ? { cleanup: 'compact', key: 'sku' } : { cleanup: 'delete', key: 'stream' },
      );
      expect(retentionDays).toBeNull();
      expect(name.startsWith(`einklang.${owner}.`)).toBe(true);
    }
  });
});

describe('asyncapi.json', () => {
  it('is up to date', () => {
    // Differs? Build, then: node dist/apps/ops/src/topics/write-asyncapi.js > libs/messaging/asyncapi.json
    expect(file).toEqual(JSON.parse(JSON.stringify(asyncApiDocument(topics, publishes))));
  });

  it('has everything it refers to', () => {
    const references = [...JSON.stringify(file).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(references.length).toBeGreaterThan(100);
    for (const path of references) expect(file).toHaveProperty(path.split('/').filter((part) => part));
  });

  it('refuses what is not as described', () => {
    const { payload, headers } = messageSchemas.of('StockReceived');
    expect(payload.safeParse({ locationId: 'main', units: 5 }).success).toBe(true);
    expect(payload.safeParse({ locationId: 'main', units: '5' }).success).toBe(false);
    expect(payload.safeParse({ locationId: 'main', units: 5, surplus: 1 }).success).toBe(false);
    expect(headers.safeParse({ ce_id: '1' }).success).toBe(false);
  });

  it('describes the numbers of a SKU as they are sent', () => {
    const change = {
      sequence: 7,
      sku: 'A',
      stockRevision: -1,
      available: { amazon: 3 },
      receivedAt: '2026-01-31T12:00:00.000Z',
    };
    const { key, value, headers } = encodeAvailability(availabilityEvent(change));
    const schemas = messageSchemas.of(AVAILABILITY_CHANGED);
    expect(key).toBe('A');
    expect(schemas.payload.parse(JSON.parse(value.toString()))).toEqual(change);
    expect(schemas.headers.parse(headers)).toEqual(headers);
    expect(z.object({ ce_position: z.literal('7') }).parse(headers)).toBeDefined();
  });
});
