import { type Position, START } from '@eventstore/db-client';

/**
 * Positions of our port are numbers; those of EventStoreDB are pairs of byte offsets in its log, and a reader may only
 * begin at one that the server gave out. The number is odd after the record at an offset and even before it:
 * `2 * commit + 1` is the position of the event at `commit`, `2 * commit` says that everything before `commit` was seen.
 * Safe integers last for a log of 4 PiB.
 */
export function afterCommit(commit: bigint): number {
  return safely(2n * commit + 1n);
}

/**
 * The number of a checkpoint. The server puts the prepare position to 0 where the record at `commit` is still to come, and
 * says the greatest number of 64 bits while it has let nothing through since the start.
 */
export function ofCheckpoint({ commit, prepare }: Position): number {
  if (commit === NOTHING_YET) return 0;
  return prepare < commit || commit === 0n ? safely(2n * commit) : afterCommit(commit);
}

/** Where a read forwards is to begin, which it does with the event at this place. */
export function placeOf(position: number): Position | typeof START {
  if (position <= 0) return START;
  const commit = commitOf(position);
  return { commit, prepare: isAfterRecord(position) ? commit : 0n };
}

/** The offset that a position stands after or, where it is even, before. */
export const commitOf = (position: number): bigint => BigInt(Math.floor(position / 2));

export const isAfterRecord = (position: number): boolean => position % 2 === 1;

/** Bytes of the log between two positions. */
export const bytesBetween = (from: number, to: number): number => (to - from) / 2;

/** -1 where there is no sign. */
const NOTHING_YET = 2n ** 64n - 1n;

function safely(position: bigint): number {
  const number = Number(position);
  if (!Number.isSafeInteger(number)) throw new RangeError(`Position ${position} of the log is no safe integer.`);
  return number;
}
