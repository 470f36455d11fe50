import { describe, expect, it } from '@jest/globals';
import type { EventMetadata, NewEvent } from '#event-sourcing';
import { buildBatch } from './batch.js';
import { StoredCommit, wantedBy } from './commit.js';
import { serialise } from './stored-event.js';

const FIRST_POSITION = 41;
const RECORDED_AT = '2024-02-29T12:00:00.000Z';

describe('a commit read from the database', () => {
  it('gives back the events that were put in, from whichever place', () => {
    const { commit, events } = stored(['stock-1', 'Received'], ['stock-2', 'Shipped'], ['order-1', 'Recorded']);
    expect([2, 0, 1].map((index) => commit.eventAt(index))).toEqual([events[2], events[0], events[1]]);
  });

  it.each([
    ['a quote', 'half"quote'],
    ['a backslash at the end', 'path\\'],
    ['a backslash and a quote', 'path\\"'],
    ['the key of a type', 'a,"type":"Shipped"'],
    ['a line break', 'two\nlines,\n{"id":1}'],
    ['letters beyond ASCII', 'größe-😀'],
    ['half a surrogate pair', 'half-\ud83d'],
  ])('reads type and category where names and data hold %s', (_, odd) => {
    const stream = odd.isWellFormed() ? `${odd}-1` : 'half-1';
    const category = stream.slice(0, stream.indexOf('-'));
    const { commit, events } = stored([stream, odd, { text: odd }], ['stock-1', 'Received', { text: odd }]);
    expect(wantedIndexes(commit, { types: [odd] })).toEqual([0]);
    expect(wantedIndexes(commit, { categories: [category] })).toEqual([0]);
    expect(wantedIndexes(commit, { types: ['Received'], categories: ['stock'] })).toEqual([1]);
    expect([commit.eventAt(0), commit.eventAt(1)]).toEqual(events);
  });

  it('parses an event when it is wanted, once for all readers, and counts what that takes', () => {
    const { commit } = stored(['stock-1', 'Received'], ['stock-2', 'Shipped'], ['stock-3', 'Shipped']);
    const asText = commit.heapBytes;
    expect(wantedIndexes(commit, { types: ['Shipped'], categories: ['stock'] })).toEqual([1, 2]);
    expect(commit.heapBytes).toBe(asText);
    const event = commit.eventAt(1);
    const withOne = commit.heapBytes;
    expect(withOne).toBeGreaterThan(asText);
    expect(commit.eventAt(1)).toBe(event);
    expect(commit.heapBytes).toBe(withOne);
  });

  it('is refused when its events do not stand on a line each', () => {
    const text = '{"id":"1","stream":"a","revision":0,"type":"A"},{"id":"2","stream":"a","revision":1,"type":"A"}';
    const options = { firstPosition: FIRST_POSITION, recordedAt: RECORDED_AT, text, textBytes: text.length };
    expect(() => new StoredCommit({ ...options, eventCount: 2 })).toThrow('The commit at position 41');
  });

  it('has no event beyond its end', () => {
    const { commit } = stored(['stock-1', 'Received']);
    expect(() => commit.eventAt(1)).toThrow(RangeError);
  });
});

function stored(...events: readonly (readonly [stream: string, type: string, data?: object])[]) {
  const placed = events.map(([stream, type, data = {}], index) => ({
    append: serialise({ stream, expected: 'any', events: [newEvent(index, type, data)] }),
    firstRevision: 7,
  }));
  const batch = buildBatch(placed, FIRST_POSITION, RECORDED_AT);
  const commit = new StoredCommit({
    firstPosition: FIRST_POSITION,
    eventCount: events.length,
    recordedAt: RECORDED_AT,
    text: batch.bytes.toString().slice(1, -1),
    textBytes: batch.bytes.length - 2,
  });
  return { commit, events: batch.events };
}

const wantedIndexes = (commit: StoredCommit, filter: Parameters<typeof wantedBy>[0]): number[] => {
  const wanted = wantedBy(filter);
  return Array.from({ length: commit.eventCount }, (_, index) => index).filter((index) =>
    commit.matches(index, wanted),
  );
};

const metadata: EventMetadata = {
  commandId: 'c,"type":"Shipped"',
  correlationId: 'c',
  actor: 'spec',
  occurredAt: RECORDED_AT,
};

const newEvent = (index: number, type: string, data: object): NewEvent => ({
  id: `00000000-0000-4000-8000-00000000000${index}`,
  type,
  data,
  metadata,
});
