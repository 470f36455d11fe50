import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandRunner, type Decider, ProcessLocks } from '#event-sourcing';
import { idFrom, Rejected } from '#kernel';
import { type EventStoreDbDouble, startEventStoreDbDouble } from '#testing';
import { EventStoreDbStore } from './eventstoredb-store.js';

type Taken = { readonly type: 'Taken'; readonly data: { readonly units: number } };

/** A shelf of ten; what is taken can be put back. */
const shelf: Decider<number, Taken, number> = {
  category: 'shelf',
  eventTypes: ['Taken'],
  initialState: () => 10,
  decide: (units, left) =>
    units > left ? new Rejected('conflict', 'empty', `${left} left`) : [{ type: 'Taken', data: { units } }],
  evolve: (left, { data }) => left - data.units,
  undo: (_, events) => -events.reduce((sum, { data }) => sum + data.units, 0),
};

const serverUrl = process.env.EVENTSTOREDB_URL;
let double: EventStoreDbDouble | undefined;
let stores: EventStoreDbStore[];

beforeAll(async () => {
  if (!serverUrl) double = await startEventStoreDbDouble();
  const url = serverUrl ?? double?.url() ?? '';
  stores = [await EventStoreDbStore.open({ url }), await EventStoreDbStore.open({ url })];
});
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await double?.stop();
});

const run = idFrom(`${process.pid} ${Date.now()}`);
const metadataOf = (commandId: string) => ({
  commandId: `${run} ${commandId}`,
  correlationId: run,
  actor: 'spec',
  occurredAt: '2026-01-01T00:00:00.000Z',
});
const takeOfBoth = (runner: CommandRunner, commandId: string, units: readonly [number, number]) =>
  runner.executeTogether(
    [
      { on: shelf, id: `a${run}`, command: units[0] },
      { on: shelf, id: `b${run}`, command: units[1] },
    ],
    { metadata: metadataOf(commandId) },
  );

async function taken(): Promise<number[]> {
  const streams = await Promise.all(['a', 'b'].map((id) => stores[0]?.readStream(`shelf-${id}${run}`)));
  return streams.map((events = []) => events.reduce((sum, { data }) => sum + (data as Taken['data']).units, 0));
}

describe('a command over two streams of EventStoreDB', () => {
  it('holds whole or not at all, once, while two processes send such commands and their repeats', async () => {
    const locks = new ProcessLocks();
    const runners = stores.map((store) => new CommandRunner(store, { locks })) as [CommandRunner, CommandRunner];
    const sent = Array.from(
      { length: 8 },
      (_, index) => () => takeOfBoth(runners[index % 2 ? 0 : 1], `${index}`, [3, 2]),
    );
    const answers = await Promise.allSettled(sent.map((send) => send()));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(await taken()).toEqual([9, 6]);
    for (const [index, send] of sent.entries()) {
      const again = send();
      if (answers[index]?.status === 'fulfilled') expect(await again).toMatchObject(Array(2).fill({ repeated: true }));
      else await expect(again).rejects.toMatchObject({ code: 'empty' });
    }
    expect(await taken()).toEqual([9, 6]);
  });

  it('is taken back by its repeat where its process died between the streams and another took the rest', async () => {
    const [store, other] = stores as [EventStoreDbStore, EventStoreDbStore];
    const append = store.append.bind(store);
    store.append = (appends) =>
      appends.some(({ stream, events }) => stream.startsWith('shelf-b') && events.length > 0)
        ? Promise.reject(new Error('killed'))
        : append(appends);
    await expect(takeOfBoth(new CommandRunner(store), 'dying', [1, 4])).rejects.toThrow('killed');
    expect(await taken()).toEqual([10, 6]);
    const restarted = new CommandRunner(other);
    await restarted.execute({ on: shelf, id: `b${run}`, command: 4, metadata: metadataOf('rest') });
    await expect(takeOfBoth(restarted, 'dying', [1, 4])).rejects.toMatchObject({ message: '0 left' });
    expect(await taken()).toEqual([9, 10]);
  });
});
