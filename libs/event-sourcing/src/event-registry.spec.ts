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
