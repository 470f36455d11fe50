import { Body, Controller, Param, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import type { Sku } from '#kernel';
import { CommandMetadata, Problems, skuSchema } from '#platform';
import { attributesSchema, titleSchema } from '../../catalog.schemas.js';
import { type CatalogChanged, ChangeCatalog, catalogChanged, catalogChangedBy } from '../../change-catalog.js';

const description = z
  .strictObject({ title: titleSchema, attributes: attributesSchema.default({}) })
  .meta({ id: 'DescribeVariant' });

@ApiTags('catalog')
@Controller('v1/variants')
export class DescribeVariantController {
  constructor(private readonly commands: CommandBus) {}

  @Put(':sku')
  @ApiOperation({ summary: 'Replace title and attributes of a variant' })
  @ApiOkResponse({ standardSchema: catalogChanged })
  @Problems({ 'not-found': ['unknown-sku'] })
  async describeVariant(
    @Param('sku', { schema: skuSchema }) sku: Sku,
    @Body({ schema: description }) body: z.output<typeof description>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<CatalogChanged> {
    const change = new ChangeCatalog([{ ...body, type: 'DescribeVariant', sku }], metadata);
    return catalogChangedBy(await this.commands.execute(change));
  }
}
