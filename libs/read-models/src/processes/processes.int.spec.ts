import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CommandRunner,
  type Decider,
  type DomainEvent,
  defineProcess,
  type EventMetadata,
  processDecider,
  processIdOf,
} from '#event-sourcing';
import { type Clock, idFrom, toIso } from '#kernel';
import { createTestDatabase, eventually, InMemoryEventStore, type TestDatabase } from '#testing';
import { openReadModels, type ReadModels } from '../read-models.js';
import { Runners } from '../runners.js';
import { Processes } from './processes.js';

type LetterEvent =
  | { readonly type: 'LetterSent'; readonly data: { readonly letterId: string } }
  | { readonly type: 'LetterAnswered'; readonly data: { readonly letterId: string } };

type NoteEvent = { readonly type: 'Noted'; readonly data: { readonly note: string } };
const notes: Decider<NoteEvent, NoteEvent, null> = {
  category: 'notes',
  eventTypes: ['Noted'],
  initialState: () => null,
  decide: (command) => [command],
  evolve: (state) => state,
};

const awaitAnswer = (name: string, afterwards: 'stuck' | 'refused') =>
  defineProcess<LetterEvent, { letterId: string }>({
    name,
    idOf: ({ data }) => data.letterId,
    starts: { LetterSent: ({ data }) => ({ ...data }) },
    steps: [
      {
        name: 'note',
        send: ({ letterId }) => [
          {
            on: notes,
            id: `${name} ${letterId}`,
            command: { type: 'Noted', data: { note: 'sent' } },
            undo: { type: 'Noted', data: { note: 'forgotten' } },
          },
        ],
      },
      { name: 'await', waits: { for: { LetterAnswered: () => ({ answer: 'done' }) }, forMs: 60_000, afterwards } },
    ],
  });
const PATIENT = 'when-letter-is-sent-await-answer';
const STRICT = 'when-letter-is-sent-forget-it';

let database: TestDatabase;
let readModels: ReadModels;
let store: InMemoryEventStore;
let runners: Runners;
let processes: Processes;
let commands: CommandRunner;
let nowMs: number;
const clock: Clock = { now: () => nowMs };

beforeEach(async () => {
  // Later than the clock of the database, which says what waits too long for its timer.
  nowMs = Date.parse('2126-01-31T12:00:00Z');
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url });
  store = new InMemoryEventStore({ clock });
  await begin();
});
afterEach(async () => {
  await runners.stop();
  await readModels.close();
  await database.drop();
});

/** A program with both processes, as it is after a start. */
async function begin(): Promise<void> {
  runners = new Runners(readModels, store);
  commands = new CommandRunner(store, { clock });
  processes = new Processes({ store, readModels, runners, commands, clock });
  processes.add(awaitAnswer(PATIENT, 'stuck'));
  processes.add(awaitAnswer(STRICT, 'refused'));
  await runners.prepare();
  runners.start();
}

const metadata = (commandId: string): EventMetadata => ({
  commandId,
  correlationId: 'c',
  actor: 'spec',
  occurredAt: toIso(nowMs),
});

async function happened({ type, data }: DomainEvent): Promise<void> {
  const id = idFrom(`${type} ${JSON.stringify(data)}`);
  const stream = `letter-${Reflect.get(data, 'letterId')}`;
  await store.append([{ stream, expected: 'any', events: [{ id, type, data, metadata: metadata(id) }] }]);
}
const sent = (letterId: string) => happened({ type: 'LetterSent', data: { letterId } });
const answered = (letterId: string) => happened({ type: 'LetterAnswered', data: { letterId } });

const stateOf = async (name: string, id: string) => (await processes.byId(name, id))?.state;
const reaches = (name: string, id: string, state: string) =>
  eventually(async () => (await stateOf(name, id)) === state);
const noted = async (name: string, id: string) =>
  (await store.readStream(`notes-${name} ${id}`)).map(({ data }) => Reflect.get(data, 'note'));
const stuck = () => readModels.query<{ subject: string; detail: string }>(processes.stuckCases);

describe('the processes of a program', () => {
  it('are shown with what they wait for, since when and until when', async () => {
    await sent('l1');
    await reaches(PATIENT, 'l1', 'waiting');
    expect(await processes.byId(PATIENT, 'l1')).toMatchObject({
      name: PATIENT,
      id: 'l1',
      step: 'await',
      waitsFor: ['LetterAnswered'],
      since: toIso(nowMs),
      startedAt: toIso(nowMs),
      until: toIso(nowMs + 60_000),
      reason: null,
      history: [{ type: 'ProcessStarted' }, { type: 'StepAnswered' }, { type: 'StepSent' }],
    });
    await reaches(STRICT, 'l1', 'waiting');
    expect(await processes.open()).toEqual([
      { name: PATIENT, state: 'waiting', count: 1 },
      { name: STRICT, state: 'waiting', count: 1 },
    ]);
  });

  it('are listed by name and state, those that started last first, page by page', async () => {
    for (const id of ['l1', 'l2', 'l3']) await sent(id);
    await answered('l2');
    await reaches(PATIENT, 'l2', 'done');
    for (const id of ['l1', 'l3']) await reaches(PATIENT, id, 'waiting');
    const all = await processes.list({ name: PATIENT }, undefined, 10);
    expect(all.map(({ id }) => id)).toEqual(['l3', 'l2', 'l1']);
    const [first] = await processes.list({ name: PATIENT }, undefined, 1);
    const rest = await processes.list({ name: PATIENT }, [first?.startedAt ?? '', PATIENT, first?.id ?? ''], 10);
    expect(rest.map(({ id }) => id)).toEqual(['l2', 'l1']);
    expect((await processes.list({ name: PATIENT, state: 'done' }, undefined, 10)).map(({ id }) => id)).toEqual(['l2']);
    expect(await processes.list({ name: 'when-nothing-happens-rest' }, undefined, 10)).toEqual([]);
    expect(await processes.byId(PATIENT, 'unknown')).toBeUndefined();
  });

  it('are given their time-outs by one timer: one waits for a person, the other takes back what it did', async () => {
    await sent('l1');
    for (const name of [PATIENT, STRICT]) await reaches(name, 'l1', 'waiting');
    nowMs += 59_000;
    await sent('l2');
    for (const name of [PATIENT, STRICT]) await reaches(name, 'l2', 'waiting');
    nowMs += 1_500;
    await sent('l3');
    await reaches(PATIENT, 'l1', 'stuck');
    await reaches(STRICT, 'l1', 'undone');
    expect(await noted(STRICT, 'l1')).toEqual(['sent', 'forgotten']);
    expect(await stateOf(PATIENT, 'l2')).toBe('waiting');
    expect(await stuck()).toMatchObject([
      { subject: `${PATIENT} l1`, detail: expect.stringContaining('waits past its time for LetterAnswered') },
    ]);
    // A late answer still counts, and closes the case.
    await answered('l1').catch(() => {});
    await reaches(PATIENT, 'l1', 'done');
    expect(await stuck()).toEqual([]);
  });

  it('that wait past their time are delivered their time-outs after a start, once', async () => {
    await sent('l1');
    for (const name of [PATIENT, STRICT]) await reaches(name, 'l1', 'waiting');
    await runners.stop();
    nowMs += 3_600_000;
    await begin();
    await reaches(PATIENT, 'l1', 'stuck');
    await reaches(STRICT, 'l1', 'undone');
    await runners.stop();
    await begin();
    await sent('l2');
    await reaches(STRICT, 'l2', 'waiting');
    const types = (await store.readStream(`process-${processIdOf(STRICT, 'l1')}`)).map(({ type }) => type);
    expect(types.filter((type) => type === 'StepTimedOut')).toHaveLength(1);
  });

  it('are tried again and ended by a person', async () => {
    await sent('l1');
    await reaches(PATIENT, 'l1', 'waiting');
    nowMs += 61_000;
    await sent('l2');
    await reaches(PATIENT, 'l1', 'stuck');
    await processes.retry(PATIENT, 'l1', metadata('retry'));
    await reaches(PATIENT, 'l1', 'waiting');
    expect(await processes.byId(PATIENT, 'l1')).toMatchObject({ until: toIso(nowMs + 60_000), reason: null });
    const lost = { reason: 'the letter was lost', takeBack: false };
    await processes.end(PATIENT, 'l1', lost, metadata('end'));
    await reaches(PATIENT, 'l1', 'ended');
    expect(await processes.byId(PATIENT, 'l1')).toMatchObject({ reason: 'the letter was lost' });
    await answered('l1');
    await answered('l2');
    await reaches(PATIENT, 'l2', 'done');
    expect(await stateOf(PATIENT, 'l1')).toBe('ended');
  });

  it('take back what they did when a person ends them so', async () => {
    await sent('l1');
    await reaches(PATIENT, 'l1', 'waiting');
    const lost = { reason: 'the letter was lost', takeBack: true };
    await processes.end(PATIENT, 'l1', lost, metadata('end'));
    await reaches(PATIENT, 'l1', 'undone');
    expect(await noted(PATIENT, 'l1')).toEqual(['sent', 'forgotten']);
    expect(await processes.byId(PATIENT, 'l1')).toMatchObject({ reason: 'the letter was lost' });
    const again = processes.end(PATIENT, 'l1', lost, metadata('again'));
    await expect(again).rejects.toMatchObject({ code: 'process-has-ended' });
  });

  it('that have ended take no time-out', async () => {
    await sent('l1');
    await answered('l1');
    await reaches(PATIENT, 'l1', 'done');
    const head = await store.head();
    const command = { type: 'TimeOutStep', step: 'await', until: toIso(nowMs + 60_000) } as const;
    await commands.execute({
      on: processDecider,
      id: processIdOf(PATIENT, 'l1'),
      command,
      metadata: metadata('late'),
    });
    expect(await store.head()).toBe(head);
  });
});
