import type { Tx } from '#read-models';

/** One partition as one consumer sees it. */
export interface PartitionKey {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
}

/** How far a consumer is in a partition. */
export interface PartitionCheckpoint {
  /** Where Kafka is read on. */
  readonly nextOffset: number;
  /** Greatest position of the store that was dealt with: what is not greater is a repeat. */
  readonly position: number;
}

/** Another process works on this partition, or did: what this one has in hand has no effect. */
export class PartitionMoved extends Error {
  override readonly name = 'PartitionMoved';
}

/** The checkpoint, made at the start of the partition where there is none. */
export async function openCheckpoint(db: Tx, key: PartitionKey): Promise<PartitionCheckpoint> {
  const parameters = [key.consumer, key.topic, key.partition];
  await db.execute(
    'insert into messaging.checkpoints (consumer, topic, partition) values ($1, $2, $3) on conflict do nothing',
    parameters,
  );
  const [row] = await db.query<PartitionCheckpoint>(
    `select next_offset as "nextOffset", position from messaging.checkpoints
      where consumer = $1 and topic = $2 and partition = $3`,
    parameters,
  );
  if (!row) throw new PartitionMoved(`The checkpoint of ${placeOf(key)} is gone.`);
  return row;
}

/**
 * Moves the checkpoint from where this process believes it to be, and takes its row lock. Throws {@link PartitionMoved}
 * when it is elsewhere.
 */
export async function advanceCheckpoint(
  db: Tx,
  key: PartitionKey,
  from: PartitionCheckpoint,
  to: PartitionCheckpoint,
  messages: number,
): Promise<void> {
  const moved = await db.execute(
    `update messaging.checkpoints
        set next_offset = $6, position = $7, messages = messages + $8, updated_at = now()
      where consumer = $1 and topic = $2 and partition = $3 and next_offset = $4 and position = $5`,
    [key.consumer, key.topic, key.partition, from.nextOffset, from.position, to.nextOffset, to.position, messages],
  );
  if (moved === 0)
    throw new PartitionMoved(`The checkpoint of ${placeOf(key)} is no longer at offset ${from.nextOffset}.`);
}

/**
 * The position up to which a rebuild has folded the log for this consumer, 0 where there was none. A view that is
 * further than any of its partitions was rebuilt; `viewPosition` is then how far. The caller holds the lock of the view.
 */
export async function floorOf(tx: Tx, consumer: string, viewPosition: number): Promise<number> {
  const [row] = await tx.query<{ floor: number; reached: number }>(
    `select coalesce((select position from messaging.floors where consumer = $1), 0) as floor,
            coalesce((select max(position) from messaging.checkpoints where consumer = $1), 0) as reached`,
    [consumer],
  );
  const { floor, reached } = row ?? { floor: 0, reached: 0 };
  if (viewPosition <= Math.max(floor, reached)) return floor;
  await tx.execute(
    `insert into messaging.floors (consumer, position) values ($1, $2)
     on conflict (consumer) do update set position = excluded.position`,
    [consumer, viewPosition],
  );
  return viewPosition;
}

const placeOf = ({ consumer, topic, partition }: PartitionKey): string => `${consumer} in ${topic}/${partition}`;
