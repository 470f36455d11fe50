import type { Tx } from './read-models.js';

/** Whose checkpoint it is. */
export interface CheckpointKey {
  readonly kind: 'projection' | 'reaction';
  readonly name: string;
}

export interface Checkpoint {
  readonly version: number;
  /** Every event up to here has had its effect. */
  readonly position: number;
}

export async function readCheckpoint(db: Tx, { kind, name }: CheckpointKey): Promise<Checkpoint | undefined> {
  const rows = await db.query<Checkpoint>(
    'select version, position from read_models.checkpoints where kind = $1 and name = $2',
    [kind, name],
  );
  return rows[0];
}

/** No page is committed for this key until the transaction ends. */
export async function lockCheckpoint(tx: Tx, { kind, name }: CheckpointKey): Promise<Checkpoint | undefined> {
  const rows = await tx.query<Checkpoint>(
    'select version, position from read_models.checkpoints where kind = $1 and name = $2 for update',
    [kind, name],
  );
  return rows[0];
}

/** Answers false, and changes nothing, when there is a checkpoint already. */
export async function insertCheckpoint(
  tx: Tx,
  { kind, name }: CheckpointKey,
  { version, position }: Checkpoint,
): Promise<boolean> {
  const inserted = await tx.execute(
    'insert into read_models.checkpoints (kind, name, version, position) values ($1, $2, $3, $4) on conflict do nothing',
    [kind, name, version, position],
  );
  return inserted > 0;
}

export async function replaceCheckpoint(
  tx: Tx,
  { kind, name }: CheckpointKey,
  { version, position }: Checkpoint,
): Promise<void> {
  await tx.execute(
    'update read_models.checkpoints set version = $3, position = $4, updated_at = now() where kind = $1 and name = $2',
    [kind, name, version, position],
  );
}

/**
 * Moves the checkpoint from the place this process believes it to be, and takes its row lock. A process that finds it elsewhere
 * (a page seen twice, a second owner, a rebuild that switched) throws {@link CheckpointMoved} and changes nothing.
 */
export async function advanceCheckpoint(
  db: Tx,
  key: CheckpointKey,
  from: Checkpoint,
  to: number,
  events: number,
): Promise<void> {
  const moved = await db.execute(
    `update read_models.checkpoints
        set position = $5, events = events + $6, pages = pages + least($6, 1), updated_at = now()
      where kind = $1 and name = $2 and version = $3 and position = $4`,
    [key.kind, key.name, from.version, from.position, to, events],
  );
  if (moved === 0)
    throw new CheckpointMoved(`The checkpoint of ${key.kind} ${key.name} is no longer at ${from.position}.`);
}

export class CheckpointMoved extends Error {
  override readonly name = 'CheckpointMoved';
}
