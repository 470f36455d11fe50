import type { ReadModels, Tx } from './read-models.js';

/** An event a reaction could not handle, or one that waits behind such an event of its stream. */
export interface ParkedEvent {
  readonly runner: string;
  readonly position: number;
  readonly stream: string;
  readonly type: string;
  readonly error: string;
  /** 0 for an event that was never tried because it waits behind another. */
  readonly attempts: number;
  /** Whether somebody asked for another try. */
  readonly retry: boolean;
  readonly parkedAt: string;
}

/** The parked events of a reaction, or of all, in log order per reaction; at most `limit`. */
export function parkedEvents(db: Tx, runner?: string, limit = 1_000): Promise<ParkedEvent[]> {
  return db.query<ParkedEvent>(`${SELECT} where $1::text is null or runner = $1 order by runner, position limit $2`, [
    runner ?? null,
    limit,
  ]);
}

/**
 * Asks for another try of what a reaction has parked, of one stream or of all. Works from any process: the one that runs
 * the reaction does it within about a second. Answers how many events were marked.
 */
export function unpark(readModels: ReadModels, runner: string, stream?: string): Promise<number> {
  return readModels.execute(
    'update read_models.parked set retry = true where runner = $1 and ($2::text is null or stream = $2)',
    [runner, stream ?? null],
  );
}

/** How many events are parked per stream. */
export async function parkedStreams(db: Tx, runner: string): Promise<Map<string, number>> {
  const rows = await db.query<{ stream: string; events: number }>(
    'select stream, count(*) as events from read_models.parked where runner = $1 group by stream',
    [runner],
  );
  return new Map(rows.map(({ stream, events }) => [stream, events]));
}

export function parkedToRetry(db: Tx, runner: string, limit: number): Promise<ParkedEvent[]> {
  return db.query<ParkedEvent>(`${SELECT} where runner = $1 and retry order by position limit $2`, [runner, limit]);
}

export async function insertParked(
  tx: Tx,
  runner: string,
  parked: readonly Omit<ParkedEvent, 'runner' | 'retry' | 'parkedAt'>[],
): Promise<void> {
  await tx.execute(
    `insert into read_models.parked (runner, position, stream, type, error, attempts)
     select $1, * from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::integer[])`,
    [
      runner,
      parked.map(({ position }) => position),
      parked.map(({ stream }) => stream),
      parked.map(({ type }) => type),
      parked.map(({ error }) => error),
      parked.map(({ attempts }) => attempts),
    ],
  );
}

export async function deleteParked(db: Tx, { runner, position }: ParkedEvent): Promise<void> {
  await db.execute('delete from read_models.parked where runner = $1 and position = $2', [runner, position]);
}

/** The try failed: the whole stream goes back to waiting. */
export async function keepParked(db: Tx, { runner, position, stream }: ParkedEvent, error: string): Promise<void> {
  await db.execute(
    `update read_models.parked
        set retry = false,
            error = case when position = $3 then $4 else error end,
            attempts = attempts + case when position = $3 then 1 else 0 end
      where runner = $1 and stream = $2`,
    [runner, stream, position, error],
  );
}

const SELECT =
  'select runner, position, stream, type, error, attempts, retry, parked_at as "parkedAt" from read_models.parked';
