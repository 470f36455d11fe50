import {
  type DeadLetter,
  type DeadLetterPlace,
  deadLetter,
  deadLetters,
  discardDeadLetter,
  replayDeadLetters,
} from '#messaging';
import type { ReadModels } from '#read-models';
import { formatNumber, type Terminal, writeLine } from '../console/terminal.js';
import { hasTable } from '../database/with-database.js';
import { UsageError } from '../usage-error.js';

export interface ListOptions {
  readonly consumer?: string;
  readonly key?: string;
  readonly limit: number;
  /** One JSON object per line. */
  readonly json: boolean;
}

/** Prints dead letters, and answers how many. */
export async function listDeadLetters(db: ReadModels, options: ListOptions, terminal: Terminal): Promise<number> {
  const { limit, json, ...of } = options;
  const letters = (await haveConsumers(db)) ? await deadLetters(db, { ...of, limit: limit + 1 }) : [];
  for (const letter of letters.slice(0, limit)) writeLine(terminal, json ? JSON.stringify(letter) : readable(letter));
  if (letters.length === 0) terminal.err.write('There are no dead letters.\n');
  if (letters.length > limit) terminal.err.write(`There are more than ${limit}; --limit shows more.\n`);
  return Math.min(letters.length, limit);
}

/** Prints one with headers and value, and answers how many there were: 1 or 0. */
export async function showDeadLetter(
  db: ReadModels,
  consumer: string,
  place: string,
  { json }: { readonly json: boolean },
  terminal: Terminal,
): Promise<number> {
  const at = placeIn(place);
  const letter = (await haveConsumers(db)) ? await deadLetter(db, consumer, at) : undefined;
  if (!letter) return none(terminal, consumer, place);
  if (json) writeLine(terminal, JSON.stringify(letter));
  else {
    writeLine(terminal, readable(letter));
    for (const [name, value] of Object.entries(letter.headers)) writeLine(terminal, `        ${name}: ${value}`);
    writeLine(terminal, `        ${letter.value ?? '(no value)'}`);
  }
  return 1;
}

/** Asks for another try of what a consumer has parked, of one key or of all, and answers how many that are. */
export async function replayLetters(
  db: ReadModels,
  consumer: string,
  key: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const letters = (await haveConsumers(db)) ? await replayDeadLetters(db, consumer, key) : 0;
  writeLine(
    terminal,
    letters === 0
      ? `${consumer} has parked nothing${key === undefined ? '' : ` of ${key}`}.`
      : `${formatNumber(letters)} will be tried again by the process that owns their partition.`,
  );
  return letters;
}

/** Gives one up for good, and answers how many there were: 1 or 0. */
export async function discardLetter(
  db: ReadModels,
  consumer: string,
  place: string,
  terminal: Terminal,
): Promise<number> {
  const at = placeIn(place);
  if (!(await haveConsumers(db)) || !(await discardDeadLetter(db, consumer, at)))
    return none(terminal, consumer, place);
  writeLine(terminal, `Discarded. What waits behind it stays until it is replayed.`);
  return 1;
}

const haveConsumers = (db: ReadModels): Promise<boolean> => hasTable(db, 'messaging.parked');

function none(terminal: Terminal, consumer: string, place: string): number {
  terminal.err.write(`${consumer} has parked nothing at ${place}.\n`);
  return 0;
}

function placeIn(text: string): DeadLetterPlace {
  const [, topic, partition, offset] = /^([^/]+)\/(\d{1,9})\/(\d{1,15})$/.exec(text) ?? [];
  if (topic === undefined) throw new UsageError(`A place is <topic>/<partition>/<offset>, not "${text}".`);
  return { topic, partition: Number(partition), offset: Number(offset) };
}

const readable = ({ consumer, topic, partition, offset, key, type, error, attempts, retry, parkedAt }: DeadLetter) =>
  `${consumer} ${topic}/${partition}/${offset}  ${type ?? 'unknown type'} of ${key}\n        ${attempts} attempts, parked ${parkedAt}${retry ? ', to be tried again' : ''}: ${error}`;
