import { describe, expect, it } from '@jest/globals';
import { allEvents } from '#contracts';
import type { EventStore, RecordedEvent } from '#event-sourcing';
import { InMemoryEventStore } from '#testing';
import { isSound, verifyLog } from './verify-log.js';

describe('checking the log', () => {
  it('finds nothing in a sound one', async () => {
    const findings = await verifyLog(logOf([received(1, 0), received(2, 1), received(3, 2)]), allEvents);
    expect(isSound(findings)).toBe(true);
    expect(findings.events).toBe(3);
  });

  it.each([
    ['a position that is missing', [received(1, 0), received(3, 1)], { positionGaps: 1 }, 'Position 3 follows 1.'],
    ['a position that comes twice', [received(1, 0), received(1, 1)], { positionGaps: 1 }, 'Position 1 follows 1.'],
    [
      'a revision that is missing',
      [received(1, 0), received(2, 2)],
      { revisionGaps: 1 },
      'At 2: revision 2 of stock-A follows 0.',
    ],
    [
      'a stream that does not begin at 0',
      [received(1, 1)],
      { revisionGaps: 1 },
      'At 1: revision 1 of stock-A follows -1.',
    ],
    [
      'an unknown event',
      [{ ...received(1, 0), type: 'StockVanished' }],
      { unknownTypes: new Map([['StockVanished', 1]]) },
      'At 1: unknown event StockVanished.',
    ],
    [
      'data of another shape',
      [{ ...received(1, 0), data: { locationId: 'main', units: 1.5 } }],
      { invalidData: new Map([['StockReceived', 1]]) },
      'At 1: StockReceived has invalid data at "units"',
    ],
  ])('finds %s', async (_name, events, expected, example) => {
    const findings = await verifyLog(logOf(events), allEvents);
    expect(findings).toMatchObject(expected);
    expect(findings.examples).toEqual([expect.stringContaining(example)]);
    expect(isSound(findings)).toBe(false);
  });

  it('keeps twenty examples of a thousand faults', async () => {
    const findings = await verifyLog(
      logOf(Array.from({ length: 1_000 }, (_, index) => ({ ...received(index + 1, index), type: 'Odd' }))),
      allEvents,
    );
    expect(findings.unknownTypes.get('Odd')).toBe(1_000);
    expect(findings.examples).toHaveLength(20);
  });
});

function received(position: number, revision: number): RecordedEvent {
  return {
    id: `event ${position}`,
    stream: 'stock-A',
    type: 'StockReceived',
    data: { locationId: 'main', units: 1 },
    metadata: { commandId: 'c', correlationId: 'c', actor: 'test', occurredAt: '2026-01-01T00:00:00.000Z' },
    position,
    revision,
    recordedAt: '2026-01-01T00:00:00.000Z',
  };
}

/** A log that can also be wrong, which the store itself would not allow. */
function logOf(events: readonly RecordedEvent[]): EventStore {
  const store: EventStore = new InMemoryEventStore();
  return Object.assign(store, {
    readAll: async ({ after }: { after: number }) => ({
      events: after === 0 ? events : [],
      position: events.at(-1)?.position ?? 0,
      caughtUp: true,
    }),
  });
}
