import { Body, Controller, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, Problems, skuSchema } from '#platform';
import { attributesSchema, productIdSchema, titleSchema } from '../../catalog.schemas.js';
import { type CatalogChanged, ChangeCatalog, catalogChanged, catalogChangedBy } from '../../change-catalog.js';

const variant = z
  .strictObject({ sku: skuSchema, title: titleSchema, attributes: attributesSchema.default({}) })
  .meta({ id: 'AddVariant' });

@ApiTags('catalog')
@Controller('v1/products')
export class AddVariantController {
  constructor(private readonly commands: CommandBus) {}

  @Post(':productId/variants')
  @ApiOperation({ summary: 'Add a SKU to a product' })
  @ApiCreatedResponse({ standardSchema: catalogChanged })
  @Problems({ 'not-found': ['unknown-product'], conflict: ['sku-taken', 'sku-exists'] })
  async addVariant(
    @Param('productId', { schema: productIdSchema }) productId: string,
    @Body({ schema: variant }) body: z.output<typeof variant>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<CatalogChanged> {
    const change = new ChangeCatalog(
      [
        { type: 'RequireProduct', productId },
        { ...body, type: 'AddVariant', productId },
      ],
      metadata,
    );
    return catalogChangedBy(await this.commands.execute(change));
  }
}
