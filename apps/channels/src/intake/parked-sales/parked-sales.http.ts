import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Rejected } from '#kernel';
import { channelIdSchema, decodeCursor, Problems, pageOf, pageQuery, toPage } from '#platform';
import { Bell } from '../../bell.js';
import { ChannelDirectory } from '../../views/channels/channel-directory.js';
import { IntakeTable } from '../intake-table.js';

const parkedSale = z.object({
  id: z.int(),
  messageId: z.string(),
  externalOrderId: z.string(),
  externalRevision: z.int(),
  receivedAt: z.string(),
  attempts: z.int(),
  error: z.string(),
});
const waitingSale = z.object({ id: z.int(), state: z.literal('waiting') });
const parkedQuery = z.strictObject(pageQuery);
const parkedId = z.coerce.number<string>().int().min(1);

@ApiTags('channels')
@Controller('v1/channels/:channel/parked-sales')
export class ParkedSalesController {
  constructor(
    private readonly directory: ChannelDirectory,
    private readonly table: IntakeTable,
    private readonly bell: Bell,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Sales that could not be recorded, the oldest first' })
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
  @ApiOperation({ summary: 'Try a parked sale again' })
  @ApiAcceptedResponse({ standardSchema: waitingSale })
  @Problems({ 'not-found': ['unknown-channel', 'not-parked'] })
  async retry(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @Param('id', { schema: parkedId }) id: number,
  ): Promise<z.output<typeof waitingSale>> {
    this.directory.get(channel);
    if (!(await this.table.unpark(channel, id)))
      throw new Rejected('not-found', 'not-parked', `No sale ${id} of ${channel} is parked.`);
    this.bell.ring();
    return { id, state: 'waiting' };
  }
}
