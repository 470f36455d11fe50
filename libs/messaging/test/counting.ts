import { randomUUID } from 'node:crypto';
import { EventRegistry, type RecordedEvent, type StreamAppend } from '#event-sourcing';
import type { Tx } from '#read-models';

// Apart from the rest because processes of their own load it, which know nothing of jest.

export const registry = new EventRegistry(['Counted', 'Ignored']);

/** Inserts fail for an event that was there before, and for one whose predecessor in its stream was not. */
export async function note(page: readonly RecordedEvent[], tx: Tx): Promise<void> {
  await tx.execute(
    `insert into counting.seen (stream, revision, position) select * from unnest($1::text[], $2::bigint[], $3::bigint[])`,
    [page.map(({ stream }) => stream), page.map(({ revision }) => revision), page.map(({ position }) => position)],
  );
  const [gap] = await tx.query<{ stream: string }>(
    `select stream from counting.seen where stream = any($1) group by stream having max(revision) + 1 <> count(*) limit 1`,
    [page.map(({ stream }) => stream)],
  );
  if (gap) throw new Error(`An event of ${gap.stream} was left out.`);
}

export function countedOn(stream: number | string, number: number, type = 'Counted'): StreamAppend {
  const now = new Date(0).toISOString();
  const metadata = { commandId: randomUUID(), correlationId: 'c', actor: 'spec', occurredAt: now, receivedAt: now };
  const event = { id: randomUUID(), type, data: { number }, metadata };
  return { stream: `counter-${stream}`, expected: 'any', events: [event] };
}
