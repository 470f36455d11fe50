import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, channelIdSchema, Problems } from '#platform';
import { DriftChecks } from './drift-checks.js';

const result = z.object({
  compared: z.int(),
  ignored: z.int().meta({ description: 'Listings whose number is on its way or has just changed' }),
  missing: z.int().meta({ description: 'Listings of ours that the channel did not show' }),
  found: z.int(),
  examples: z.array(z.object({ sku: z.string(), externalId: z.string(), shown: z.int(), acknowledged: z.int() })),
});

@ApiTags('channels')
@Controller('v1/channels/:channel/drift-check')
export class DriftCheckController {
  constructor(private readonly checks: DriftChecks) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Read what a channel sold, compare what it shows with what it acknowledged, and push again what differs',
  })
  @ApiOkResponse({ standardSchema: result })
  @Problems({
    'not-found': ['unknown-channel'],
    unavailable: ['channel-unreachable', 'sales-not-read'],
    invalid: ['stock-not-readable'],
  })
  async check(
    @Param('channel', { schema: channelIdSchema }) channel: string,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<z.output<typeof result>> {
    const { compared, ignored, missing, differences } = await this.checks.check(channel, metadata);
    const examples = differences
      .slice(0, EXAMPLES)
      .map(({ sku, externalId, shown, acknowledged }) => ({ sku, externalId, shown, acknowledged }));
    return { compared, ignored, missing, found: differences.length, examples };
  }
}

const EXAMPLES = 20;
