import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AppendResult,
  AtomicAppendUnsupported,
  type EventStore,
  EventTooLarge,
  type ExpectedRevision,
  MAX_EVENT_BYTES,
  MAX_STREAM_NAME_BYTES,
  type NewEvent,
  type Page,
  type RecordedEvent,
  RevisionConflict,
  type StreamAppend,
} from '#event-sourcing';

/**
 * What every event store adapter has to do, as specs. `openStore` opens an empty store, once; `closeStore` ends what it
 * needed. Streams have fresh names per spec, so specs do not see each other's.
 */
export function describeEventStoreContract(
  name: string,
  openStore: () => Promise<EventStore>,
  closeStore: () => Promise<void> = async () => {},
): void {
  describe(`${name} as an event store`, () => {
    let store: EventStore;
    beforeAll(async () => {
      store = await openStore();
    });
    afterAll(async () => {
      await store.close();
      await closeStore();
    });
    describeAppending(() => store);
    describeRepeats(() => store);
    describeContention(() => store);
    describeReadingStreams(() => store);
    describeLoading(() => store);
    describeReadingTheLog(() => store);
    describeSubscribing(() => store);
    describePayloads(() => store);
  });
}

type Store = () => EventStore;

function describeAppending(store: Store): void {
  describe('appending', () => {
    it('numbers events in their stream from 0, and in the log in their order', async () => {
      const stream = streamName();
      const before = await store().head();
      const first = await append(store(), stream, 'no-stream', events(2));
      const second = await append(store(), stream, 1, events(1));
      const stored = await store().readStream(stream);
      const positions = stored.map(({ position }) => position);
      expect(stored.map(({ revision }) => revision)).toEqual([0, 1, 2]);
      expectInOrder(store(), before, positions);
      expect(first).toEqual({ position: positions[1], revisions: [1] });
      expect(second).toEqual({ position: positions[2], revisions: [2] });
      expect(await store().head()).toBe(positions[2]);
    });

    it('gives back what was put in', async () => {
      const stream = streamName();
      const [event] = events(1);
      if (!event) throw new Error('no event');
      await append(store(), stream, 'no-stream', [event]);
      const [stored] = await store().readStream(stream);
      expect(stored).toMatchObject({ ...event, stream, revision: 0 });
      expect(new Date(stored?.recordedAt ?? '').toISOString()).toBe(stored?.recordedAt);
    });

    it.each<[string, number, ExpectedRevision]>([
      ['no stream where there is one', 1, 'no-stream'],
      ['an older revision', 3, 1],
      ['a revision that is not reached', 3, 3],
      ['a revision of a stream that does not exist', 0, 0],
    ])('refuses to append when it expects %s', async (_, stored, expected) => {
      const stream = streamName();
      if (stored > 0) await append(store(), stream, 'any', events(stored));
      const before = await store().head();
      await expect(append(store(), stream, expected, events(1))).rejects.toMatchObject({
        name: 'RevisionConflict',
        streams: [stream],
      });
      expect(await store().head()).toBe(before);
      expect(await store().readStream(stream)).toHaveLength(stored);
    });

    it('appends to any revision, whether the stream exists or not', async () => {
      const stream = streamName();
      await append(store(), stream, 'any', events(1));
      expect((await append(store(), stream, 'any', events(1))).revisions).toEqual([1]);
    });

    it.each([
      ['letters', (length: number) => 'x'.repeat(length)],
      ['characters of three bytes', (length: number) => '単'.repeat(Math.floor(length / 3)) + 'x'.repeat(length % 3)],
    ])('takes names of streams of 2,000 bytes of %s, and none that are longer', async (_, text) => {
      const start = streamName();
      const stream = start + text(MAX_STREAM_NAME_BYTES - start.length);
      await append(store(), stream, 'no-stream', events(2));
      expect(await store().readStream(stream)).toHaveLength(2);
      const refused = [`${stream}x`, '', 'thing-\0', 'thing-\ud800'].map((name) =>
        append(store(), name, 'any', events(1)),
      );
      for (const result of await Promise.allSettled(refused))
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(RangeError) });
    });

    it('stores several streams in one append, or refuses to', async () => {
      const [one, two] = [streamName(), streamName()];
      const result = await appendTogether(store(), [
        { stream: one, expected: 'no-stream', events: events(2) },
        { stream: two, expected: 'no-stream', events: events(3) },
        { stream: one, expected: 1, events: events(1) },
      ]);
      if (!result) return;
      expect(result.revisions).toEqual([1, 2, 2]);
      expect(await store().readStream(one)).toHaveLength(3);
      expect((await store().readStream(two)).at(-1)?.revision).toBe(2);
      expect(result.position).toBe(await store().head());
    });

    it('stores nothing of several streams when one of them is not as expected', async () => {
      const [one, two] = [streamName(), streamName()];
      await append(store(), two, 'no-stream', events(1));
      const attempt = store().append([
        { stream: one, expected: 'no-stream', events: events(1) },
        { stream: two, expected: 'no-stream', events: events(1) },
      ]);
      await expect(attempt).rejects.toMatchObject(
        store().atomicAcrossStreams
          ? { name: 'RevisionConflict', streams: [two] }
          : { name: 'AtomicAppendUnsupported' },
      );
      expect(await store().readStream(one)).toEqual([]);
      expect((await append(store(), one, 'no-stream', events(1))).revisions).toEqual([0]);
    });

    it('checks the revision of a stream it adds nothing to', async () => {
      const [watched, written] = [streamName(), streamName()];
      await append(store(), watched, 'no-stream', events(1));
      const both = (expected: number): StreamAppend[] => [
        { stream: watched, expected, events: [] },
        { stream: written, expected: 'any', events: events(1) },
      ];
      const result = await appendTogether(store(), both(0));
      if (!result) return;
      expect(result.revisions).toEqual([0, 0]);
      await expect(store().append(both(4))).rejects.toBeInstanceOf(RevisionConflict);
    });

    it('only checks the revision when there are no events', async () => {
      const stream = streamName();
      await append(store(), stream, 'no-stream', events(2));
      expect((await append(store(), stream, 1, [])).revisions).toEqual([1]);
      await expect(append(store(), stream, 0, [])).rejects.toBeInstanceOf(RevisionConflict);
      await expect(append(store(), stream, 'no-stream', [])).rejects.toBeInstanceOf(RevisionConflict);
      expect(await store().readStream(stream)).toHaveLength(2);
    });

    it('keeps 10,000 events of one append in order', async () => {
      const stream = streamName();
      const many = events(10_000);
      expect((await append(store(), stream, 'no-stream', many)).revisions).toEqual([9_999]);
      const stored = await store().readStream(stream);
      expect(stored.map(({ id }) => id)).toEqual(many.map(({ id }) => id));
      expect(await revisions(store().readStream(stream, { from: 9_997 }))).toEqual([9_997, 9_998, 9_999]);
    });
  });
}

function describeRepeats(store: Store): void {
  describe('repeating an append', () => {
    it.each<ExpectedRevision>(['any', 'no-stream'])(
      'answers as the first time and stores nothing (%s)',
      async (expected) => {
        const stream = streamName();
        const batch = events(3);
        const first = await append(store(), stream, expected, batch);
        await append(store(), stream, 2, events(2));
        const before = await store().head();
        expect(await append(store(), stream, expected, batch)).toEqual(first);
        expect(await store().head()).toBe(before);
      },
    );

    it.each<ExpectedRevision>(['any', 'no-stream'])('knows a repeat whose ids have capitals (%s)', async (expected) => {
      const stream = streamName();
      const batch = events(2).map((event) => ({ ...event, id: event.id.toUpperCase() }));
      const first = await append(store(), stream, expected, batch);
      expect(await append(store(), stream, expected, batch)).toEqual(first);
      expect(await store().readStream(stream)).toHaveLength(2);
    });

    it('answers as the first time at an exact revision', async () => {
      const stream = streamName();
      await append(store(), stream, 'no-stream', events(4));
      const batch = events(2);
      const first = await append(store(), stream, 3, batch);
      await append(store(), stream, 'any', events(1));
      expect(await append(store(), stream, 3, batch)).toEqual(first);
      expect(await store().readStream(stream)).toHaveLength(7);
    });

    it('knows a repeat at an exact revision however long ago it was', async () => {
      const stream = streamName();
      const batch = events(2);
      const first = await append(store(), stream, 'no-stream', batch);
      await append(store(), stream, 1, events(1_500));
      expect(await append(store(), stream, 'no-stream', batch)).toEqual(first);
    });

    it("knows a repeat with 'any' among the last 1,000 events", async () => {
      const stream = streamName();
      await append(store(), stream, 'any', events(500));
      const batch = events(2);
      const first = await append(store(), stream, 'any', batch);
      await append(store(), stream, 'any', events(998));
      expect(await append(store(), stream, 'any', batch)).toEqual(first);
    });

    it('answers as the first time over several streams', async () => {
      const [one, two] = [streamName(), streamName()];
      const appends = [
        { stream: one, expected: 'no-stream' as const, events: events(2) },
        { stream: two, expected: 'any' as const, events: events(1) },
      ];
      const first = await appendTogether(store(), appends);
      if (!first) return;
      await append(store(), one, 1, events(1));
      expect(await store().append(appends)).toEqual(first);
    });

    it('stores the same append once when it is sent twice at the same moment', async () => {
      const stream = streamName();
      const batch = events(2);
      const [first, second] = await Promise.all([
        append(store(), stream, 'any', batch),
        append(store(), stream, 'any', batch),
      ]);
      expect(second).toEqual(first);
      expect(await store().readStream(stream)).toHaveLength(2);
    });

    it('refuses other events at the place of an earlier append', async () => {
      const stream = streamName();
      const [one, two] = events(2) as [NewEvent, NewEvent];
      await append(store(), stream, 'no-stream', [one, two]);
      await expect(append(store(), stream, 'no-stream', [two, one])).rejects.toBeInstanceOf(RevisionConflict);
      await expect(append(store(), stream, 'no-stream', events(2))).rejects.toBeInstanceOf(RevisionConflict);
      await expect(append(store(), stream, 'any', [two, ...events(1)])).rejects.toBeInstanceOf(RevisionConflict);
      await expect(append(store(), stream, 'any', [...events(1), two])).rejects.toBeInstanceOf(RevisionConflict);
      expect(await store().readStream(stream)).toHaveLength(2);
    });

    it('refuses a repeat of one stream that brings a new one along', async () => {
      const [one, two] = [streamName(), streamName()];
      const batch = events(1);
      await append(store(), one, 'any', batch);
      const mixed = store().append([
        { stream: one, expected: 'any', events: batch },
        { stream: two, expected: 'any', events: events(1) },
      ]);
      await expect(mixed).rejects.toMatchObject(
        store().atomicAcrossStreams ? { streams: [one] } : { name: 'AtomicAppendUnsupported' },
      );
      expect(await store().readStream(two)).toEqual([]);
    });
  });
}

function describeContention(store: Store): void {
  describe('many at once', () => {
    it('lets exactly one of 200 appends to the same revision win', async () => {
      const stream = streamName();
      await append(store(), stream, 'no-stream', events(1));
      const outcomes = await Promise.allSettled(
        Array.from({ length: 200 }, () => append(store(), stream, 0, events(1))),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(RevisionConflict);
      expect(await store().readStream(stream)).toHaveLength(2);
    });

    it('lets each of 40 writers have its revision when they retry', async () => {
      const stream = streamName();
      const mine = Array.from({ length: 40 }, () => events(1));
      await Promise.all(mine.map((batch) => appendWithRetry(store(), stream, batch)));
      const stored = await store().readStream(stream);
      expect(stored.map(({ revision }) => revision)).toEqual(mine.map((_, index) => index));
      expect(new Set(stored.map(({ id }) => id))).toEqual(new Set(mine.flat().map(({ id }) => id)));
    });

    it('keeps 2,000 appends to different streams apart', async () => {
      const before = await store().head();
      const streams = Array.from({ length: 2_000 }, streamName);
      const results = await Promise.all(streams.map((stream) => append(store(), stream, 'no-stream', events(2))));
      const histories = await store().load(streams);
      expect(histories.map(({ stream }) => stream)).toEqual(streams);
      histories.forEach((history, index) => {
        expect(history.events.map(({ stream, revision }) => [stream, revision])).toEqual(
          [0, 1].map((n) => [history.stream, n]),
        );
        expect(history.events.at(-1)?.position).toBe(results[index]?.position);
      });
      const positions = histories.flatMap((history) => history.events.map(({ position }) => position));
      expectInOrder(
        store(),
        before,
        positions.sort((a, b) => a - b),
      );
    });
  });
}

function describeReadingStreams(store: Store): void {
  describe('reading a stream', () => {
    const stream = streamName();
    beforeAll(async () => {
      await append(store(), stream, 'no-stream', events(3));
      await append(store(), stream, 2, events(4));
      await append(store(), stream, 6, events(3));
    });

    it.each([
      [undefined, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
      [{ from: 5 }, [5, 6, 7, 8, 9]],
      [{ from: 2, limit: 3 }, [2, 3, 4]],
      [{ limit: 2 }, [0, 1]],
      [{ from: 9, limit: 5 }, [9]],
      [{ from: 10 }, []],
      [{ direction: 'backwards' as const }, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
      [{ direction: 'backwards' as const, limit: 4 }, [9, 8, 7, 6]],
      [{ direction: 'backwards' as const, from: 4 }, [4, 3, 2, 1, 0]],
      [{ direction: 'backwards' as const, from: 3, limit: 2 }, [3, 2]],
      [{ direction: 'backwards' as const, from: 99, limit: 2 }, [9, 8]],
      [{ direction: 'backwards' as const, from: 0 }, [0]],
    ])('with %j gives the revisions %j', async (options, expected) => {
      expect(await revisions(store().readStream(stream, options))).toEqual(expected);
    });

    it('gives nothing for a stream that does not exist', async () => {
      expect(await store().readStream(streamName())).toEqual([]);
      expect(await store().readStream(streamName(), { direction: 'backwards', limit: 3 })).toEqual([]);
    });
  });
}

function describeLoading(store: Store): void {
  describe('loading streams', () => {
    it('gives each its events, and none to one that does not exist', async () => {
      const [one, none, two] = [streamName(), streamName(), streamName()];
      await append(store(), one, 'no-stream', events(2));
      await append(store(), two, 'no-stream', events(1));
      const histories = await store().load([one, none, two]);
      expect(histories.map((history) => [history.stream, history.events.length])).toEqual([
        [one, 2],
        [none, 0],
        [two, 1],
      ]);
    });

    it('starts after the newest snapshot of the wanted version', async () => {
      const stream = streamName();
      await append(store(), stream, 'no-stream', events(6));
      await store().saveSnapshots([{ stream, revision: 1, version: 1, state: { sum: 1 } }]);
      await store().saveSnapshots([{ stream, revision: 3, version: 1, state: { sum: 3, text: 'Größe \u0000 😀' } }]);
      await store().saveSnapshots([{ stream, revision: 4, version: 2, state: { other: true } }]);
      const [history] = await store().load([stream], 1);
      expect(history?.snapshot).toEqual({ revision: 3, version: 1, state: { sum: 3, text: 'Größe \u0000 😀' } });
      expect(history?.events.map(({ revision }) => revision)).toEqual([4, 5]);
    });

    it('ignores snapshots of another version, and all of them when none is wanted', async () => {
      const stream = streamName();
      await append(store(), stream, 'no-stream', events(2));
      await store().saveSnapshots([{ stream, revision: 1, version: 1, state: {} }]);
      for (const version of [2, undefined]) {
        const [history] = await store().load([stream], version);
        expect(history?.snapshot).toBeUndefined();
        expect(history?.events).toHaveLength(2);
      }
    });

    it('ignores an older snapshot than the stored one', async () => {
      const stream = streamName();
      await append(store(), stream, 'no-stream', events(3));
      await store().saveSnapshots([
        { stream, revision: 2, version: 1, state: 'new' },
        { stream, revision: 0, version: 1, state: 'old' },
      ]);
      await store().saveSnapshots([{ stream, revision: 1, version: 1, state: 'old' }]);
      expect((await store().load([stream], 1))[0]).toEqual({
        stream,
        snapshot: { revision: 2, version: 1, state: 'new' },
        events: [],
      });
    });
  });
}

function describeReadingTheLog(store: Store): void {
  describe('reading the log', () => {
    it('gives pages from a position on, each where the last one ended', async () => {
      const after = await store().head();
      const stream = streamName();
      await append(store(), stream, 'any', events(5));
      await append(store(), stream, 'any', events(5));
      const found: number[] = [];
      let position = after;
      for (let page: Page | undefined; !page?.caughtUp; position = page.position) {
        page = await store().readAll({ after: position, limit: 3 });
        expect(page.events.length).toBeLessThanOrEqual(3);
        found.push(...page.events.map((event) => event.position));
      }
      expect(found).toEqual((await store().readStream(stream)).map((event) => event.position));
      expect(position).toBe(await store().head());
    });

    it('ends a page with the event that makes it heavy enough', async () => {
      const after = await store().head();
      const stream = streamName();
      await append(store(), stream, 'any', [...heavyEvents(3, 100_000), ...events(3), ...heavyEvents(1, 500_000)]);
      const sizes: number[] = [];
      for (let page: Page | undefined; !page?.caughtUp; ) {
        page = await store().readAll({ after: page?.position ?? after, maxBytes: 150_000 });
        sizes.push(page.events.length);
      }
      expect(sizes.filter((size) => size > 0)).toEqual([2, 5]);
    });

    it('begins with an event from the position before it', async () => {
      const stream = streamName();
      await append(store(), stream, 'any', events(3));
      for (const { position } of await store().readStream(stream)) {
        const { events: found } = await store().readAll({ after: position - 1, limit: 1 });
        expect(found.map((event) => event.position)).toEqual([position]);
      }
    });

    it('refuses a position past the end of the log', async () => {
      const end = await store().head();
      const reading = store().readAll({ after: end + 1_000_000 });
      await expect(reading).rejects.toMatchObject({ name: 'PositionAheadOfLog', position: end + 1_000_000 });
    });

    it('says that it is caught up when nothing follows', async () => {
      const head = await store().head();
      expect(await store().readAll({ after: head })).toEqual({ events: [], position: head, caughtUp: true });
    });

    it.each([
      [{ types: ['Counted'] }, 4],
      [{ categories: ['shelf'] }, 4],
      [{ categories: ['shelf'], types: ['Counted'] }, 2],
      [{ categories: ['shelf', 'box'], types: ['Counted', 'Moved'] }, 8],
      [{ types: ['Unheard'] }, 0],
      [{ categories: ['she'] }, 0],
    ])('gives only the events of the filter %j', async (filter, count) => {
      const after = await store().head();
      for (const category of ['shelf', 'box']) {
        const stream = `${category}-${randomUUID()}`;
        await append(store(), stream, 'any', [...events(2, 'Counted'), ...events(2, 'Moved')]);
      }
      const page = await store().readAll({ after, filter });
      expect(page.events).toHaveLength(count);
      expect(page.position).toBe(await store().head());
      expect(page.caughtUp).toBe(true);
    });
  });
}

function describeSubscribing(store: Store): void {
  describe('subscribing', () => {
    it('catches up, says so, and goes on live', async () => {
      const after = await store().head();
      const stream = streamName();
      await append(store(), stream, 'any', events(5));
      const subscription = subscribe(store(), { after, limit: 2 });
      expect(await subscription.take(5)).toEqual([0, 1, 2, 3, 4]);
      expect(subscription.caughtUp).toBe(true);
      const live = subscription.take(2);
      await append(store(), stream, 'any', events(2));
      expect(await live).toEqual([5, 6]);
      await subscription.end();
    });

    it('begins with an event from the position before it, long after it was stored as well', async () => {
      const stream = streamName();
      await append(store(), stream, 'any', events(3));
      for (const { position } of await store().readStream(stream)) {
        const subscription = subscribe(store(), { after: position - 1, limit: 1 });
        expect(await subscription.takePositions(1)).toEqual([position]);
        await subscription.end();
      }
    });

    it('refuses a position past the end of the log instead of waiting there', async () => {
      const end = await store().head();
      const subscription = subscribe(store(), { after: end + 1_000_000 });
      await expect(subscription.nextPage()).rejects.toMatchObject({ name: 'PositionAheadOfLog' });
      await subscription.end();
    });

    it('says at once that it is caught up when the log has nothing new', async () => {
      const after = await store().head();
      const subscription = subscribe(store(), { after });
      expect(await subscription.nextPage()).toEqual({ events: [], position: after, caughtUp: true });
      await subscription.end();
    });

    it('starts again from a checkpoint without gaps or repeats', async () => {
      const after = await store().head();
      const stream = streamName();
      for (let n = 0; n < 5; n += 1) await append(store(), stream, 'any', events(7));
      const first = subscribe(store(), { after, limit: 10 });
      const page = await first.nextPage();
      await first.end();
      const second = subscribe(store(), { after: page?.position ?? 0, limit: 10 });
      const seen = (page?.events ?? []).map(({ revision }) => revision);
      expect([...seen, ...(await second.take(35 - seen.length))]).toEqual(
        Array.from({ length: 35 }, (_, index) => index),
      );
      await second.end();
    });

    it('ends a page with the event that makes it heavy enough, behind the end of the log and at it', async () => {
      const after = await store().head();
      const subscription = subscribe(store(), { after, maxBytes: 150_000 });
      const late = subscribe(store(), { after, maxBytes: 150_000 });
      await append(store(), streamName(), 'any', heavyEvents(6, 100_000));
      for (const reader of [subscription, late]) {
        const sizes: number[] = [];
        while (sizes.reduce((sum, size) => sum + size, 0) < 6)
          sizes.push((await reader.nextPage())?.events.length ?? 0);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(2);
        await reader.end();
      }
    });

    it('passes over filtered events and moves its position past them', async () => {
      const after = await store().head();
      const stream = streamName();
      const subscription = subscribe(store(), { after, filter: { types: ['Moved'] } });
      await append(store(), stream, 'any', [...events(3, 'Counted'), ...events(1, 'Moved'), ...events(2, 'Counted')]);
      expect(await subscription.take(1)).toEqual([3]);
      const head = await store().head();
      while (subscription.position < head) await subscription.nextPage();
      await subscription.end();
    });

    it('gives every subscriber every event once, in order, while many append', async () => {
      const after = await store().head();
      const subscriptions = Array.from({ length: 4 }, (_, index) => subscribe(store(), { after, limit: 10 + index }));
      const appending = Array.from({ length: 300 }, () => append(store(), streamName(), 'any', events(2)));
      const seen = await Promise.all(subscriptions.map((subscription) => subscription.takePositions(600)));
      await Promise.all(appending);
      const { events: logged } = await store().readAll({ after, limit: 600 });
      const positions = logged.map(({ position }) => position);
      expect(positions).toHaveLength(600);
      expectInOrder(store(), after, positions);
      for (const seenByOne of seen) expect(seenByOne).toEqual(positions);
      await Promise.all(subscriptions.map((subscription) => subscription.end()));
    });

    it('ends when it is aborted, waiting or not', async () => {
      const abort = new AbortController();
      const pages = store()
        .subscribe({ after: await store().head(), signal: abort.signal })
        [Symbol.asyncIterator]();
      await pages.next();
      const waiting = pages.next();
      abort.abort();
      expect((await waiting).done).toBe(true);
      const aborted = store().subscribe({ after: 0, signal: abort.signal })[Symbol.asyncIterator]();
      expect((await aborted.next()).done).toBe(true);
    });
  });
}

function describePayloads(store: Store): void {
  describe('payloads', () => {
    it.each([
      ['umlauts and emoji', 'Größe 😀 日本語 \u{1F9F6}'],
      ['a lone surrogate', 'half \ud83d of a pair'],
      ['NUL and control characters', 'a\u0000b\u0001\u001f"\\\n\u2028'],
      ['a closing bracket and quotes', '"}],[{"'],
    ])('keeps %s', async (_, text) => {
      const stream = streamName('größe');
      const [event] = events(1);
      const data = { text, [text]: [text, null, true, 0, -1, 9_007_199_254_740_991] };
      await append(store(), stream, 'no-stream', [{ ...event, data } as NewEvent, ...events(1)]);
      const [stored, next] = await store().readStream(stream);
      expect(stored?.data).toEqual(data);
      expect(next?.revision).toBe(1);
      const page = await store().readAll({ after: (stored?.position ?? 0) - 1, limit: 1 });
      expect(page.events[0]?.data).toEqual(data);
    });

    it('keeps data of exactly 1 MiB and refuses one byte more', async () => {
      const stream = streamName();
      const [fits, tooLarge] = [eventOfBytes(MAX_EVENT_BYTES), eventOfBytes(MAX_EVENT_BYTES + 1)];
      await append(store(), stream, 'no-stream', [fits]);
      expect((await store().readStream(stream))[0]?.data).toEqual(fits.data);
      const attempt = store().append([{ stream, expected: 0, events: [...events(1), tooLarge] }]);
      await expect(attempt).rejects.toBeInstanceOf(EventTooLarge);
      await expect(append(store(), stream, 0, [tooLarge])).rejects.toThrow(/1048577 bytes.*at most 1048576/);
      expect(await store().readStream(stream)).toHaveLength(1);
    });
  });
}

/** Positions increase from the one before on, and where the store says so without gaps. */
function expectInOrder(store: EventStore, before: number, positions: readonly number[]): void {
  const expected = store.densePositions
    ? positions.map((_, index) => before + 1 + index)
    : [...new Set(positions)].filter((position) => position > before).sort((a, b) => a - b);
  expect(positions).toEqual(expected);
  expect(positions.every(Number.isSafeInteger)).toBe(true);
}

/** What one append to several streams gives; undefined where the store refuses it, having stored nothing. */
async function appendTogether(store: EventStore, appends: readonly StreamAppend[]): Promise<AppendResult | undefined> {
  if (store.atomicAcrossStreams) return store.append(appends);
  const head = await store.head();
  await expect(store.append(appends)).rejects.toBeInstanceOf(AtomicAppendUnsupported);
  expect(await store.head()).toBe(head);
  return undefined;
}

const streamName = (category = 'thing'): string => `${category}-${randomUUID()}`;

function events(count: number, type = 'Counted'): NewEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    id: randomUUID(),
    type,
    data: { count: index, note: 'ein Stück' },
    metadata: { commandId: randomUUID(), correlationId: 'spec', actor: 'spec', occurredAt: '2024-02-29T12:00:00.000Z' },
  }));
}

/** Events of many lines, as sales have them, each of about so many bytes. */
const heavyEvents = (count: number, bytes: number): NewEvent[] =>
  events(count).map((event) => ({
    ...event,
    data: {
      lines: Array.from({ length: bytes / 50 }, (_, line) => ({ lineId: line + 1_000_000, sku: 'x'.repeat(24) })),
    },
  }));

/** Half of the text takes two bytes a character: what counts is bytes and not characters. */
function eventOfBytes(bytes: number): NewEvent {
  const [event] = events(1);
  if (!event) throw new Error('no event');
  const room = bytes - Buffer.byteLength(JSON.stringify({ text: '' }));
  const umlauts = Math.floor(room / 4);
  return { ...event, data: { text: 'ü'.repeat(umlauts) + 'x'.repeat(room - 2 * umlauts) } };
}

const append = (
  store: EventStore,
  stream: string,
  expected: ExpectedRevision,
  batch: readonly NewEvent[],
): ReturnType<EventStore['append']> => store.append([{ stream, expected, events: batch }]);

async function appendWithRetry(store: EventStore, stream: string, batch: readonly NewEvent[]): Promise<void> {
  for (;;) {
    const [last] = await store.readStream(stream, { direction: 'backwards', limit: 1 });
    try {
      await append(store, stream, last?.revision ?? 'no-stream', batch);
      return;
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
    }
  }
}

const revisions = async (reading: Promise<readonly RecordedEvent[]>): Promise<number[]> =>
  (await reading).map(({ revision }) => revision);

function subscribe(store: EventStore, options: Omit<Parameters<EventStore['subscribe']>[0], 'signal'>): Subscription {
  const abort = new AbortController();
  return new Subscription(store.subscribe({ ...options, signal: abort.signal }), abort, options.after);
}

/** A subscription to ask for a number of events. */
class Subscription {
  caughtUp = false;
  position: number;
  readonly #pages: AsyncIterator<Page>;
  readonly #abort: AbortController;

  constructor(pages: AsyncIterable<Page>, abort: AbortController, after: number) {
    this.#pages = pages[Symbol.asyncIterator]();
    this.#abort = abort;
    this.position = after;
  }

  async nextPage(): Promise<Page | undefined> {
    const { value, done } = await this.#pages.next();
    if (done) return undefined;
    this.caughtUp = value.caughtUp;
    this.position = value.position;
    return value;
  }

  /** The revisions of the next events, at least `count` of them. */
  async take(count: number): Promise<number[]> {
    return (await this.#take(count)).map(({ revision }) => revision);
  }

  async takePositions(count: number): Promise<number[]> {
    return (await this.#take(count)).map(({ position }) => position);
  }

  async end(): Promise<void> {
    this.#abort.abort();
    expect((await this.#pages.next()).done).toBe(true);
  }

  async #take(count: number): Promise<RecordedEvent[]> {
    const taken: RecordedEvent[] = [];
    while (taken.length < count) {
      const page = await this.nextPage();
      if (!page) throw new Error('the subscription ended');
      taken.push(...page.events);
    }
    return taken;
  }
}
