import type { IHeaders } from 'kafkajs';
import { storableText, type Tx } from '#read-models';
import type { PartitionKey } from './checkpoints.js';
import type { RawMessage } from './cloud-event.js';

/** A message a consumer could not handle, or one that waits behind such a message of its key. */
export interface DeadLetter extends PartitionKey {
  readonly offset: number;
  /** The stream; for a message without a key its place in Kafka. */
  readonly key: string;
  /** Name of the event, where the message says one. */
  readonly type: string | null;
  readonly error: string;
  /** 0 for a message that was never tried because it waits behind another. */
  readonly attempts: number;
  /** Whether another try was requested. */
  readonly retry: boolean;
  readonly parkedAt: string;
}

/** A dead letter with what Kafka delivered. */
export interface DeadLetterContent extends DeadLetter {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** As text; a value that is not UTF-8 has replacement characters in it. */
  readonly value: string | null;
}

/** Where a dead letter lies in Kafka, which is its name here. */
export type DeadLetterPlace = Pick<DeadLetter, 'topic' | 'partition' | 'offset'>;

/** The dead letters of a consumer, or of all, in the order of their partitions; at most `limit`. */
export function deadLetters(
  db: Tx,
  { consumer, key, limit = 1_000 }: { readonly consumer?: string; readonly key?: string; readonly limit?: number } = {},
): Promise<DeadLetter[]> {
  return db.query<DeadLetter>(
    `select ${COLUMNS} from messaging.parked
      where ($1::text is null or consumer = $1) and ($2::text is null or key = $2)
      order by consumer, topic, partition, "offset" limit $3`,
    [consumer ?? null, key ?? null, limit],
  );
}

/** One of them with its content; undefined when it is not (or no longer) there. */
export async function deadLetter(
  db: Tx,
  consumer: string,
  place: DeadLetterPlace,
): Promise<DeadLetterContent | undefined> {
  const [row] = await db.query<Omit<DeadLetterContent, 'headers' | 'value'> & StoredContent>(
    `select ${COLUMNS}, headers, value from messaging.parked where ${AT_PLACE}`,
    placeParameters(consumer, place),
  );
  return row && { ...row, headers: JSON.parse(row.headers), value: row.value?.toString() ?? null };
}

/**
 * Asks for another try of what a consumer has parked, of one key or of all: in order per key, until one fails again.
 * Works from any process; the one that owns the partition does it within about a second. Answers how many were marked.
 */
export function replayDeadLetters(db: Tx, consumer: string, key?: string): Promise<number> {
  return db.execute('update messaging.parked set retry = true where consumer = $1 and ($2::text is null or key = $2)', [
    consumer,
    key ?? null,
  ]);
}

/** Gives up one message for good. What waits behind it stays until it is replayed. Answers whether it was there. */
export async function discardDeadLetter(db: Tx, consumer: string, place: DeadLetterPlace): Promise<boolean> {
  return (await db.execute(`delete from messaging.parked where ${AT_PLACE}`, placeParameters(consumer, place))) > 0;
}

/** A message on its way to the dead letters. */
export interface NewDeadLetter {
  readonly offset: number;
  readonly key: string;
  readonly type: string | undefined;
  readonly raw: RawMessage;
  readonly error: string;
  readonly attempts: number;
}

export async function insertDeadLetters(
  tx: Tx,
  { consumer, topic, partition }: PartitionKey,
  letters: readonly NewDeadLetter[],
): Promise<void> {
  await tx.execute(
    `insert into messaging.parked (consumer, topic, partition, "offset", key, type, headers, value, error, attempts)
     select $1, $2, $3, * from unnest($4::bigint[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::text[], $10::integer[])
     on conflict do nothing`,
    [
      consumer,
      topic,
      partition,
      letters.map(({ offset }) => offset),
      letters.map(({ key }) => key),
      letters.map(({ type }) => (type === undefined ? null : storableText(type))),
      letters.map(({ raw }) => JSON.stringify(textHeaders(raw.headers ?? {}))),
      letters.map(({ raw }) => raw.value),
      letters.map(({ error }) => storableText(error, ERROR_LENGTH_MAX)),
      letters.map(({ attempts }) => attempts),
    ],
  );
}

/** How many messages of each key are parked in a partition. */
export async function parkedKeys(db: Tx, { consumer, topic, partition }: PartitionKey): Promise<Map<string, number>> {
  const rows = await db.query<{ key: string; letters: number }>(
    `select key, count(*) as letters from messaging.parked
      where consumer = $1 and topic = $2 and partition = $3 group by key`,
    [consumer, topic, partition],
  );
  return new Map(rows.map(({ key, letters }) => [key, letters]));
}

/** A dead letter to try again, as it came from Kafka. */
export interface LetterToRetry extends DeadLetterPlace {
  readonly key: string;
  readonly raw: RawMessage;
}

/** All of the keys that were requested again, those that came since included; oldest first. */
export async function lettersToRetry(
  db: Tx,
  { consumer, topic, partition }: PartitionKey,
  limit: number,
): Promise<LetterToRetry[]> {
  await db.execute(
    `update messaging.parked set retry = true
      where consumer = $1 and topic = $2 and partition = $3 and not retry and key in (
        select key from messaging.parked where consumer = $1 and topic = $2 and partition = $3 and retry)`,
    [consumer, topic, partition],
  );
  const rows = await db.query<DeadLetterPlace & StoredContent & { key: string }>(
    `select topic, partition, "offset", key, headers, value from messaging.parked
      where consumer = $1 and topic = $2 and partition = $3 and retry order by "offset" limit $4`,
    [consumer, topic, partition, limit],
  );
  return rows.map(({ headers, value, key, ...place }) => {
    const parsed: IHeaders = JSON.parse(headers);
    return { ...place, key, raw: { key: Buffer.from(key), value, headers: parsed } };
  });
}

/** The try failed: all of this key goes back to waiting. */
export async function keepParked(db: Tx, consumer: string, letter: LetterToRetry, error: string): Promise<void> {
  await db.execute(
    `update messaging.parked
        set retry = false,
            error = case when "offset" = $5 then $6 else error end,
            attempts = attempts + case when "offset" = $5 then 1 else 0 end
      where consumer = $1 and topic = $2 and partition = $3 and key = $4`,
    [consumer, letter.topic, letter.partition, letter.key, letter.offset, storableText(error, ERROR_LENGTH_MAX)],
  );
}

interface StoredContent {
  readonly headers: string;
  readonly value: Buffer | null;
}

const ERROR_LENGTH_MAX = 2_000;

const COLUMNS = 'consumer, topic, partition, "offset", key, type, error, attempts, retry, parked_at as "parkedAt"';

const AT_PLACE = 'consumer = $1 and topic = $2 and partition = $3 and "offset" = $4';

const placeParameters = (consumer: string, { topic, partition, offset }: DeadLetterPlace): unknown[] => [
  consumer,
  topic,
  partition,
  offset,
];

function textHeaders(headers: IHeaders): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (value === undefined) return [];
      return [[name, Array.isArray(value) ? value.map(String) : String(value)]];
    }),
  );
}
