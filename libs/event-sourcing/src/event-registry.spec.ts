import { describe, expect, it } from '@jest/globals';
import { InMemoryEventStore } from '#testing';
import { EventRegistry, withRegistry } from './event-registry.js';

const metadata = { commandId: 'c', correlationId: 'x', actor: 'spec', occurredAt: '2026-01-01T00:00:00.000Z' };
const registry = new EventRegistry(
  ['PriceSet.v3'],
  [
    { from: 'PriceSet', to: 'PriceSet.v2', upcast: (data) => ({ ...data, currency: 'EUR' }) },
    { from: 'PriceSet.v2', to: 'PriceSet.v3', upcast: (data) => ({ ...data, net: true }) },
  ],
);
const stored = (type: string, index: number) => ({
  id: `00000000-0000-4000-8000-00000000000${index}`,
  type,
  data: { amount: index },
  metadata,
});

describe('events of former names', () => {
  const store = new InMemoryEventStore();
  const known = withRegistry(store, registry);
  const events = [stored('PriceSet', 1), stored('PriceSet.v2', 2), stored('PriceSet.v3', 3), stored('Else', 4)];

  it('are read as the newest, step by step, wherever they are read', async () => {
    await known.append([{ stream: 'variant-a', expected: 'no-stream', events }]);
    const newest = [
      { type: 'PriceSet.v3', data: { amount: 1, currency: 'EUR', net: true } },
      { type: 'PriceSet.v3', data: { amount: 2, net: true } },
      { type: 'PriceSet.v3', data: { amount: 3 } },
    ];
    expect(await known.readStream('variant-a')).toMatchObject([...newest, { type: 'Else' }]);
    expect((await known.load(['variant-a']))[0]?.events).toMatchObject([...newest, { type: 'Else' }]);
    expect((await known.readAll({ after: 0, filter: { types: ['PriceSet.v3'] } })).events).toMatchObject(newest);
    for await (const page of known.subscribe({
      after: 0,
      filter: { types: ['PriceSet.v3'] },
      signal: AbortSignal.timeout(5_000),
    })) {
      expect(page.events).toMatchObject(newest);
      break;
    }
  });

  it('stay in the store as they were written', async () => {
    expect(await store.readStream('variant-a')).toMatchObject([
      { type: 'PriceSet' },
      { type: 'PriceSet.v2' },
      { type: 'PriceSet.v3' },
      { type: 'Else' },
    ]);
  });
});

describe('an event that cannot be read', () => {
  it('stops the one who looks at its data, and no page it is on', async () => {
    const strict = new EventRegistry(
      ['Sold.v2'],
      [
        {
          from: 'Sold',
          to: 'Sold.v2',
          upcast: (data) => {
            if (!('units' in data)) throw new Error('There are no units.');
            return data;
          },
        },
      ],
    );
    const known = withRegistry(new InMemoryEventStore(), strict);
    const sound = { ...stored('Sold', 1), data: { units: 1 } };
    await known.append([
      { stream: 'order-a', expected: 'any', events: [sound] },
      { stream: 'order-b', expected: 'any', events: [stored('Sold', 2)] },
    ]);
    const { events } = await known.readAll({ after: 0, filter: { types: ['Sold.v2'] } });
    expect(events.map(({ stream, type }) => [stream, type])).toEqual([
      ['order-a', 'Sold.v2'],
      ['order-b', 'Sold.v2'],
    ]);
    expect(events[0]?.data).toEqual({ units: 1 });
    expect(() => events[1]?.data).toThrow('There are no units.');
    await expect(known.load(['order-b'])).rejects.toThrow('There are no units.');
  });
});

describe('a registry', () => {
  it.each([
    ['an upcaster leads nowhere', ['A'], [{ from: 'B', to: 'C' }]],
    ['an upcaster starts at a current name', ['A', 'B'], [{ from: 'A', to: 'B' }]],
    [
      'two upcasters start at one name',
      ['A'],
      [
        { from: 'B', to: 'A' },
        { from: 'B', to: 'A' },
      ],
    ],
  ])('is refused when %s', (_, types, steps) => {
    expect(
      () =>
        new EventRegistry(
          types,
          steps.map((step) => ({ ...step, upcast: (data: object) => data })),
        ),
    ).toThrow();
  });
});
