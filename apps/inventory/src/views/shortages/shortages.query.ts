import { z } from 'zod';
import { decodeCursor, pageOf, pageQuery, toPage } from '#platform';
import { inventory } from '../../inventory.slices.js';
import { type ShortageRow, shortagesTable } from './shortages.projection.js';

const shortage = shortagesTable
  .answer('sku', 'locationId', 'units', 'mostUnits', 'openedAt')
  .extend({ resolvedAt: z.string().optional() });
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
        `select ${shortagesTable.select()} from view_shortages.shortages
         where resolved_at is ${state === 'open' ? '' : 'not'} null and (opened_position, sku, location_id) < ($1, $2, $3)
         order by opened_position desc, sku desc, location_id desc limit $4`,
        [position, sku, locationId, limit + 1],
      ),
      readModels.query<{ units: number }>(
        'select coalesce(sum(units), 0)::bigint as units from view_shortages.shortages where resolved_at is null',
      ),
    ]);
    const { items, nextCursor } = toPage(rows, limit, (row) => [row.openedPosition, row.sku, row.locationId]);
    return {
      items: items.map(answerOf),
      ...(nextCursor !== undefined && { nextCursor }),
      openUnits: total?.units ?? 0,
    };
  },
});

const answerOf = ({ openedPosition, resolvedAt, ...row }: ShortageRow): z.output<typeof shortage> => ({
  ...row,
  ...(resolvedAt !== null && { resolvedAt }),
});
