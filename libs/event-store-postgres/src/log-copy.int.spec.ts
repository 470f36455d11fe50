import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RecordedEvent, StreamAppend } from '#event-sourcing';
import { createTestDatabase, type TestDatabase } from '#testing';
import { CommitLog, type CommittedEvents } from './log-copy.js';
import { PostgresEventStore } from './postgres-event-store.js';

let source: TestDatabase;
let target: TestDatabase;
let log: CommitLog;
let copy: CommitLog;

beforeEach(async () => {
  [source, target] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  [log, copy] = await Promise.all([CommitLog.open(source.url), CommitLog.open(target.url)]);
});
afterEach(async () => {
  await Promise.all([log.close(), copy.close()]);
  await Promise.all([source.drop(), target.drop()]);
});

describe('CommitLog', () => {
  it('is empty where nothing was stored', async () => {
    expect(await log.head()).toBe(0);
    expect(await commits()).toEqual([]);
  });

  it('gives commits whole, from the one on that holds the event after a position', async () => {
    await write([[appendOf('a-1', 3)], [appendOf('a-1', 1), appendOf('b-1', 2)], [appendOf('c-1', 1)]]);
    expect(await log.head()).toBe(7);
    expect(await placesAfter(0)).toEqual(['1-3', '4-6', '7-7']);
    expect(await placesAfter(2)).toEqual(['1-3', '4-6', '7-7']);
    expect(await placesAfter(3)).toEqual(['4-6', '7-7']);
    expect(await placesAfter(6)).toEqual(['7-7']);
    expect(await placesAfter(7)).toEqual([]);
  });

  it('reads more than one query fetches', async () => {
    await write(Array.from({ length: 600 }, (_, number) => [appendOf(`a-${number}`, 1)]));
    await write(Array.from({ length: 3 }, (_, number) => [appendOf(`large-${number}`, 1, 'x'.repeat(1_000_000))]));
    expect((await commits()).flat().map(({ position }) => position)).toEqual(
      Array.from({ length: 603 }, (_, index) => index + 1),
    );
  });
});

describe('CommitWriter', () => {
  it('stores commits with their positions and times, for a store to read and to write on', async () => {
    await write([[appendOf('a-1', 3)], [appendOf('b-1', 1), appendOf('a-1', 2), appendOf('b-1', 1)]]);
    await copyAll();
    await copyAll();

    const store = await PostgresEventStore.open({ url: target.url, writer: true, holder: 'spec' });
    expect((await store.readAll({ after: 0 })).events).toEqual((await commits()).flat());
    expect((await store.readStream('b-1')).map(({ position }) => position)).toEqual([4, 7]);
    expect(await store.append([{ ...appendOf('a-1', 1), expected: 4 }])).toEqual({ position: 8, revisions: [5] });
    await store.close();
  });

  it('refuses a commit that does not follow the last one', async () => {
    await write([[appendOf('a-1', 1)], [appendOf('a-1', 1)]]);
    const [, second] = await commits();
    const writer = await copy.openWriter('the copy');
    if (second) await expect(writer.append(second)).rejects.toThrow('A commit at 2 does not follow position 0.');
    await writer.close();
  });

  it('and a system that writes keep each other out', async () => {
    const system = await PostgresEventStore.open({ url: source.url, writer: true, holder: 'the system' });
    await expect(log.openWriter('the copy')).rejects.toThrow(
      'the system is writing to this event store; stop it first.',
    );
    await system.close();
    const writer = await log.openWriter('the copy');
    await expect(PostgresEventStore.open({ url: source.url, writer: true, holder: 'second' })).rejects.toThrow(
      'the copy is writing',
    );
    await writer.close();
  });
});

async function write(calls: readonly StreamAppend[][]): Promise<void> {
  const store = await PostgresEventStore.open({ url: source.url, writer: true, holder: 'spec' });
  for (const call of calls) await store.append(call);
  await store.close();
}

async function copyAll(): Promise<void> {
  const writer = await copy.openWriter('the copy');
  for await (const commit of log.after(0)) await writer.append(commit);
  await writer.close();
}

async function commits(after = 0): Promise<CommittedEvents[]> {
  const all: CommittedEvents[] = [];
  for await (const commit of log.after(after)) all.push(commit);
  return all;
}

const placesAfter = async (position: number): Promise<string[]> =>
  (await commits(position)).map((commit) => `${commit[0].position}-${lastOf(commit).position}`);

const lastOf = (commit: CommittedEvents): RecordedEvent => commit.at(-1) ?? commit[0];

const appendOf = (stream: string, events: number, text = ''): StreamAppend => ({
  stream,
  expected: 'any',
  events: Array.from({ length: events }, (_, number) => ({
    id: randomUUID(),
    type: 'Counted',
    data: { number, text },
    metadata: { commandId: 'c', correlationId: 'c', actor: 'spec', occurredAt: '2026-01-01T00:00:00.000Z' },
  })),
});
