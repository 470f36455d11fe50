import type { RecordedEvent } from '#event-sourcing';
import { storableText } from './database-error.js';
import type { Tx } from './read-models.js';

/** An event a view or process could not handle, or one that waits behind such an event of its stream. */
export interface ParkedEvent {
  readonly runner: string;
  readonly position: number;
  readonly stream: string;
  readonly type: string;
  readonly error: string;
  /** 0 for an event that was never tried because it waits behind another. */
  readonly attempts: number;
  /** Whether another try was asked for. */
  readonly retry: boolean;
  readonly parkedAt: string;
  /** When a person decided that the runner does without this event; nothing waits behind it then. */
  readonly skippedAt: string | null;
}

/** The parked events of a view or process, or of all, in log order per runner; at most `limit`. */
export function parkedEvents(db: Tx, runner?: string, limit = 1_000): Promise<ParkedEvent[]> {
  return db.query<ParkedEvent>(`${SELECT} where $1::text is null or runner = $1 order by runner, position limit $2`, [
    runner ?? null,
    limit,
  ]);
}

/**
 * Asks for another try of what a runner has parked, of one stream or of all. Works from any process: the one at work does it
 * within about a second. Answers how many events were marked.
 */
export function unpark(db: Tx, runner: string, stream?: string): Promise<number> {
  return db.execute(
    `update read_models.parked set retry = true
      where runner = $1 and ($2::text is null or stream = $2) and skipped_at is null`,
    [runner, stream ?? null],
  );
}

/**
 * Has a runner do without an event, or without all that is parked of a stream: what waits behind is taken in within about a
 * second. A rebuild and a comparison leave out the same events. Answers how many events that are.
 */
export function skipParked(db: Tx, runner: string, what: { readonly position: number } | { readonly stream: string }) {
  const [column, value] = 'position' in what ? ['position', what.position] : ['stream', what.stream];
  return db.execute(
    `update read_models.parked set skipped_at = now(), retry = false
      where runner = $1 and ${column} = $2 and skipped_at is null`,
    [runner, value],
  );
}

/** Positions of what a runner does without. */
export async function skippedPositions(db: Tx, runner: string): Promise<ReadonlySet<number>> {
  const rows = await db.query<{ position: number }>(
    'select position from read_models.parked where runner = $1 and skipped_at is not null',
    [runner],
  );
  return new Set(rows.map(({ position }) => position));
}

/** How many events wait per stream. */
export async function parkedStreams(db: Tx, runner: string): Promise<Map<string, number>> {
  const rows = await db.query<{ stream: string; events: number }>(
    'select stream, count(*) as events from read_models.parked where runner = $1 and skipped_at is null group by stream',
    [runner],
  );
  return new Map(rows.map(({ stream, events }) => [stream, events]));
}

/** The first of those that wait. */
export async function firstParked(db: Tx, runner: string): Promise<ParkedEvent | undefined> {
  const where = 'where runner = $1 and skipped_at is null order by position limit 1';
  return (await db.query<ParkedEvent>(`${SELECT} ${where}`, [runner]))[0];
}

/** How many events wait, per runner that has any, in whichever process it works. */
export async function parkedCounts(db: Tx): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ runner: string; events: number }>(
    'select runner, count(*) as events from read_models.parked where skipped_at is null group by runner',
  );
  return new Map(rows.map(({ runner, events }) => [runner, events]));
}

/** What is to be tried now: streams of which that was asked for, and those whose first event is gone or skipped. */
export function parkedToRetry(db: Tx, runner: string, limit: number): Promise<ParkedEvent[]> {
  return db.query<ParkedEvent>(
    `${SELECT} where runner = $1 and skipped_at is null and stream in (
       select stream from (
         select distinct on (stream) stream, retry, attempts from read_models.parked
          where runner = $1 and skipped_at is null order by stream, position) as first
        where retry or attempts = 0)
      order by position limit $2`,
    [runner, limit],
  );
}

/** An event that is to be parked. */
export interface SetAside {
  readonly event: RecordedEvent;
  readonly error: unknown;
  /** 0 for an event that was never tried because it waits behind another. */
  readonly attempts: number;
}

export const waitingBehind = (event: RecordedEvent): SetAside => ({
  event,
  error: 'waits behind an earlier event of its stream',
  attempts: 0,
});

export async function insertParked(tx: Tx, runner: string, setAside: readonly SetAside[]): Promise<void> {
  if (setAside.length === 0) return;
  await tx.execute(
    `insert into read_models.parked (runner, position, stream, type, error, attempts)
     select $1, * from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::integer[]) on conflict do nothing`,
    [
      runner,
      setAside.map(({ event }) => event.position),
      setAside.map(({ event }) => event.stream),
      setAside.map(({ event }) => event.type),
      setAside.map(({ error }) => storableReason(error)),
      setAside.map(({ attempts }) => attempts),
    ],
  );
}

/** Whatever waited before was about other tables. What is skipped stays so. */
export async function replaceParked(tx: Tx, runner: string, setAside: readonly SetAside[]): Promise<void> {
  await tx.execute('delete from read_models.parked where runner = $1 and skipped_at is null', [runner]);
  await insertParked(tx, runner, setAside);
}

/** Answers false when it was not there (any more). */
export async function deleteParked(db: Tx, { runner, position }: ParkedEvent): Promise<boolean> {
  const where = 'where runner = $1 and position = $2 and skipped_at is null';
  return (await db.execute(`delete from read_models.parked ${where}`, [runner, position])) > 0;
}

/** The try failed: the whole stream goes back to waiting. */
export async function keepParked(db: Tx, { runner, position, stream }: ParkedEvent, error: unknown): Promise<void> {
  await db.execute(
    `update read_models.parked
        set retry = false,
            error = case when position = $3 then $4 else error end,
            attempts = attempts + case when position = $3 then 1 else 0 end
      where runner = $1 and stream = $2`,
    [runner, stream, position, storableReason(error)],
  );
}

const ERROR_LENGTH_MAX = 2_000;

const storableReason = (error: unknown): string =>
  storableText(error instanceof Error ? error.message : String(error), ERROR_LENGTH_MAX);

const SELECT = `select runner, position, stream, type, error, attempts, retry, parked_at as "parkedAt",
       skipped_at as "skippedAt" from read_models.parked`;
