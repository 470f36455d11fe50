import { z } from 'zod';
import { decodeCursor, pageOf, pageQuery, toPage } from '#platform';
import { inventory } from '../../inventory.slices.js';
import type { ShortageRow } from './shortages.projection.js';

const shortage = z.object({
  sku: z.string(),
  locationId: z.string(),
  units: z.int().meta({ description: 'Missing now' }),
  mostUnits: z.int().meta({ description: 'Missing at the worst moment' }),
  openedAt: z.string(),
  resolvedAt: z.string().optional(),
});
const shortagesQuery = z.strictObject({ state: z.enum(['open', 'resolved']).default('open'), ...pageQuery });
const cursorKey = z.tuple([z.int(), z.string(), z.string()]);
const page = pageOf(shortage).extend({
  openUnits: z.int().meta({ description: 'Units missing over all open shortages' }),
});

export const shortages = inventory.query({
  name: 'Shortages',
  summary: 'What was sold and is not there, the newest first',
  query: shortagesQuery,
  answer: page,
  execute: async ({ state, limit, cursor }, { readModels }) => {
    const [position, sku, locationId] = decodeCursor(cursor, cursorKey) ?? [Number.MAX_SAFE_INTEGER, '', ''];
    const [rows, [total]] = await Promise.all([
      readModels.query<ShortageRow>(
        `select * from view_shortages.shortages
         where resolved_at is ${state === 'open' ? '' : 'not'} null and (opened_position, sku, location_id) < ($1, $2, $3)
         order by opened_position desc, sku desc, location_id desc limit $4`,
        [position, sku, locationId, limit + 1],
      ),
      readModels.query<{ units: number }>(
        'select coalesce(sum(units), 0)::bigint as units from view_shortages.shortages where resolved_at is null',
      ),
    ]);
    const { items, nextCursor } = toPage(rows, limit, (row) => [row.opened_position, row.sku, row.location_id]);
    return {
      items: items.map(answerOf),
      ...(nextCursor !== undefined && { nextCursor }),
      openUnits: total?.units ?? 0,
    };
  },
});

const answerOf = (row: ShortageRow): z.output<typeof shortage> => ({
  sku: row.sku,
  locationId: row.location_id,
  units: row.units,
  mostUnits: row.most_units,
  openedAt: new Date(row.opened_at).toISOString(),
  ...(row.resolved_at !== null && { resolvedAt: new Date(row.resolved_at).toISOString() }),
});
