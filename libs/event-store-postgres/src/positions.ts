import type { Pool } from 'pg';
import type { EventPlace } from './append-plan.js';
import { withRetry } from './connection.js';

/** Looks up the positions of stored events at once; the function then gives the greatest among some of them. */
export async function lastPositions(
  pool: Pool,
  places: readonly EventPlace[],
): Promise<(some: readonly EventPlace[]) => number> {
  if (places.length === 0) return () => 0;
  const values = [places.map(({ stream }) => stream), places.map(({ revision }) => revision)];
  const result = await withRetry(() =>
    pool.query<EventPlace & { position: number }>({ name: 'positions', text: POSITIONS_SQL, values }),
  );
  const positions = new Map(
    result.rows.map(({ stream, revision, position }) => [keyOf({ stream, revision }), position]),
  );
  return (some) => Math.max(0, ...some.map((place) => positions.get(keyOf(place)) ?? 0));
}

const POSITIONS_SQL = `
select p.stream, p.revision, i.batch + i.ordinal + p.revision - i.first_revision as position
  from unnest($1::text[], $2::integer[]) as p (stream, revision)
 cross join lateral (
         select batch, ordinal, first_revision
           from event_store.stream_index
          where stream = p.stream and first_revision <= p.revision
          order by first_revision desc
          limit 1
       ) i`;

const keyOf = ({ stream, revision }: EventPlace): string => `${revision} ${stream}`;
