import type { RecordedEvent } from '#event-sourcing';
import { DatabaseError, isRefusedValue } from './database-error.js';
import { isOutage } from './outages.js';
import { type SetAside, waitingBehind } from './parked.js';
import { EventFailed } from './parking.js';
import type { Projection } from './projection.js';
import type { Tx } from './read-models.js';

export interface Doubts {
  /** The view has taken in other events, so that it can: values that PostgreSQL refuses are at fault themselves. */
  readonly hasWorked: boolean;
  /** The page was tried often enough to believe that its only event is at fault. */
  readonly isPersistent: boolean;
}

/**
 * Applies a page that failed as a whole: halves it until what fails is one event, leaves that out with later events of its
 * stream, and applies all others. Throws when it is not an event that is at fault: a server is away, or nothing works at all.
 */
export async function applyWhatCanBe(
  projection: Projection,
  page: readonly RecordedEvent[],
  tx: Tx,
  { hasWorked, isPersistent }: Doubts,
): Promise<readonly SetAside[]> {
  const setAside: SetAside[] = [];
  const failed = new Map<string, unknown>();
  let applied = 0;

  async function apply(events: readonly RecordedEvent[]): Promise<void> {
    const free = events.filter(({ stream }) => !failed.has(stream));
    if (free.length < events.length) {
      setAside.push(...events.filter(({ stream }) => failed.has(stream)).map(waitingBehind));
    }
    const [first] = free;
    if (!first) return;
    await tx.execute('savepoint half');
    try {
      await projection.apply(free, tx);
    } catch (error) {
      if (isOutage(error)) throw error;
      await tx.execute('rollback to savepoint half');
      if (free.length > 1) return halves(free);
      failed.set(first.stream, error);
      setAside.push({ event: first, error, attempts: 1 });
      if (failed.size > FAILED_MAX) throw new EventFailed(first, error);
      return;
    }
    await tx.execute('release savepoint half');
    applied += free.length;
  }

  async function halves(events: readonly RecordedEvent[]): Promise<void> {
    const middle = Math.ceil(events.length / 2);
    await apply(events.slice(0, middle));
    await apply(events.slice(middle));
  }

  await (page.length > 1 ? halves(page) : apply(page));
  const errors = [...failed.values()];
  const areAtFault =
    applied > 0 ||
    (errors.every(isRefusedValue) && (errors.length === 1 || hasWorked)) ||
    (errors.length === 1 && isPersistent && !errors.some(isFaultOfTheView));
  const [first] = setAside;
  if (first && !areAtFault) throw new EventFailed(first.event, first.error);
  return setAside;
}

/** Streams of one page that may fail; where more do it is the view that is broken. */
const FAILED_MAX = 500;

/** A table or column that is missing, a fault inside PostgreSQL. */
const isFaultOfTheView = (error: unknown): boolean =>
  error instanceof DatabaseError && /^(42|XX)/.test(error.code ?? '');
