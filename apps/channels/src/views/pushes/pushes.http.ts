import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { channelIdSchema, decodeCursor, Problems, pageOf, pageQuery, toPage } from '#platform';
import { PUSH_STATES, PushLedger } from '../../push/push-ledger.js';
import { ChannelDirectory } from '../channels/channel-directory.js';

const state = z.enum(PUSH_STATES);
const push = z.object({
  sku: z.string(),
  externalId: z.string(),
  state,
  wantedQuantity: z.int().nullable(),
  wantedRevision: z.int().nullable().meta({ description: 'Stock revision of the newest number' }),
  wantedSince: z.string().nullable().meta({ description: 'When we learned of the earliest change not acknowledged' }),
  acknowledgedQuantity: z.int().nullable(),
  acknowledgedRevision: z.int().nullable(),
  acknowledgedAt: z.string().nullable(),
  attempts: z.int().meta({ description: 'Failed attempts in a row' }),
  lastError: z.string().nullable(),
  nextAttemptAt: z.string().nullable(),
  noNumberBecause: z.string().nullable().meta({ description: 'Why the channel gets no number for it' }),
});
const cursor = z.tuple([z.string(), z.string()]);
const pushesQuery = z.strictObject({ state: state.optional(), ...pageQuery });

@ApiTags('channels')
@Controller('v1/channels/:channel/pushes')
export class PushesController {
  constructor(
    private readonly directory: ChannelDirectory,
    private readonly ledger: PushLedger,
  ) {}

  @Get()
  @ApiOperation({
    summary:
      'What a channel should show and what it has acknowledged, per listing and by SKU; an offer that ended until the channel has acknowledged 0',
  })
  @ApiOkResponse({ standardSchema: pageOf(push) })
  @Problems({ 'not-found': ['unknown-channel'] })
  async pushes(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @Query({ schema: pushesQuery }) query: z.output<typeof pushesQuery>,
  ) {
    this.directory.get(channel);
    const rows = await this.ledger.rows(
      channel,
      query.state,
      decodeCursor(query.cursor, cursor) ?? ['', ''],
      query.limit + 1,
    );
    return toPage(rows, query.limit, ({ sku, externalId }) => [sku, externalId]);
  }
}
