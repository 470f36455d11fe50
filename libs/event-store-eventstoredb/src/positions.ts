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

/** The number of a checkpoint. The server puts the prepare position to 0 where the record at `commit` is still to come. */
export const ofCheckpoint = ({ commit, prepare }: Position): number =>
  prepare < commit || commit === 0n ? safely(2n * commit) : afterCommit(commit);

/** Where the server is to go on. A subscription begins after this place, a read with the event at it. */
export function placeOf(position: number): Position | typeof START {
  if (position <= 0) return START;
  const commit = BigInt(Math.floor(position / 2));
  return { commit, prepare: position % 2 === 1 ? commit : 0n };
}

/** Bytes of the log between two positions. */
export const bytesBetween = (from: number, to: number): number => (to - from) / 2;

function safely(position: bigint): number {
  const number = Number(position);
  if (!Number.isSafeInteger(number)) throw new RangeError(`Position ${position} of the log is beyond safe integers.`);
  return number;
}
