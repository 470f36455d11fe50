import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { channelIdSchema, decodeCursor, Problems, pageOf, pageQuery, reasonText, toPage, wholeNumber } from '#platform';
import { ChannelDirectory } from '../../views/channels/channel-directory.js';
import { IntakeTable } from '../intake-table.js';
import { ParkedSales } from './parked-sales.js';

const parkedSale = z.object({
  id: z.int(),
  messageId: z.string(),
  kind: z.enum(['unrecorded', 'unreadable']).meta({
    description:
      'unrecorded: a sale that orders refused. unreadable: a message that is not understood, kept whole and sealed',
  }),
  externalOrderId: z.string().nullable(),
  externalRevision: z.int().nullable(),
  receivedAt: z.string(),
  attempts: z.int(),
  error: z.string(),
});
const waitingSale = z.object({ id: z.int(), state: z.literal('waiting') });
const dismissedSale = z.object({ id: z.int(), state: z.literal('done') });
const dismissal = z.strictObject({ reason: reasonText });
const parkedQuery = z.strictObject(pageQuery);
const parkedId = wholeNumber(1);

@ApiTags('channels')
@Controller('v1/channels/:channel/parked-sales')
export class ParkedSalesController {
  constructor(
    private readonly directory: ChannelDirectory,
    private readonly table: IntakeTable,
    private readonly parked: ParkedSales,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Sales that could not be recorded and messages that were not understood, the oldest first' })
  @ApiOkResponse({ standardSchema: pageOf(parkedSale) })
  @Problems({ 'not-found': ['unknown-channel'] })
  async list(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @Query({ schema: parkedQuery }) { limit, cursor }: z.output<typeof parkedQuery>,
  ) {
    this.directory.get(channel);
    const rows = await this.table.parked(channel, decodeCursor(cursor, z.int()) ?? 0, limit + 1);
    return toPage(rows, limit, ({ id }) => id);
  }

  @Post(':id/retry')
  @HttpCode(202)
  @ApiOperation({ summary: 'Try a parked sale again, or read a parked message again' })
  @ApiAcceptedResponse({ standardSchema: waitingSale })
  @Problems({
    'not-found': ['unknown-channel', 'not-parked'],
    invalid: ['unreadable-message', 'connector-unavailable'],
  })
  async retry(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @Param('id', { schema: parkedId }) id: number,
  ): Promise<z.output<typeof waitingSale>> {
    await this.parked.retry(channel, id);
    return { id, state: 'waiting' };
  }

  @Post(':id/dismiss')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Close the case of a parked sale or message that a person has seen to; its content is erased',
  })
  @ApiOkResponse({ standardSchema: dismissedSale })
  @Problems({ 'not-found': ['unknown-channel', 'not-parked'] })
  async dismiss(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @Param('id', { schema: parkedId }) id: number,
    @Body({ schema: dismissal }) { reason }: z.output<typeof dismissal>,
  ): Promise<z.output<typeof dismissedSale>> {
    await this.parked.dismiss(channel, id, reason);
    return { id, state: 'done' };
  }
}
