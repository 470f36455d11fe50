import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { decodeCursor, pageOf, pageQuery, toPage } from '#platform';
import { READ_MODELS, type ReadModels } from '#read-models';
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

@ApiTags('inventory')
@Controller('v1/shortages')
export class ShortagesController {
  constructor(@Inject(READ_MODELS) private readonly readModels: ReadModels) {}

  @Get()
  @ApiOperation({ summary: 'What was sold and is not there, the newest first' })
  @ApiOkResponse({ standardSchema: page })
  async shortages(@Query({ schema: shortagesQuery }) { state, limit, cursor }: z.output<typeof shortagesQuery>) {
    const [position, sku, locationId] = decodeCursor(cursor, cursorKey) ?? [Number.MAX_SAFE_INTEGER, '', ''];
    const [rows, [total]] = await Promise.all([
      this.readModels.query<ShortageRow>(
        `select * from view_shortages.shortages
         where resolved_at is ${state === 'open' ? '' : 'not'} null and (opened_position, sku, location_id) < ($1, $2, $3)
         order by opened_position desc, sku desc, location_id desc limit $4`,
        [position, sku, locationId, limit + 1],
      ),
      this.readModels.query<{ units: number }>(
        'select coalesce(sum(units), 0)::bigint as units from view_shortages.shortages where resolved_at is null',
      ),
    ]);
    const { items, nextCursor } = toPage(rows, limit, (row) => [row.opened_position, row.sku, row.location_id]);
    return {
      items: items.map(answerOf),
      ...(nextCursor !== undefined && { nextCursor }),
      openUnits: total?.units ?? 0,
    };
  }
}

const answerOf = (row: ShortageRow): z.output<typeof shortage> => ({
  sku: row.sku,
  locationId: row.location_id,
  units: row.units,
  mostUnits: row.most_units,
  openedAt: new Date(row.opened_at).toISOString(),
  ...(row.resolved_at !== null && { resolvedAt: new Date(row.resolved_at).toISOString() }),
});
