import { Body, Controller, Param, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { CommandMetadata, Problems } from '#platform';
import { productDescription, productIdSchema } from '../../catalog.schemas.js';
import { type CatalogChanged, ChangeCatalog, catalogChanged, catalogChangedBy } from '../../change-catalog.js';

const description = z.strictObject(productDescription).meta({ id: 'DescribeProduct' });

@ApiTags('catalog')
@Controller('v1/products')
export class DescribeProductController {
  constructor(private readonly commands: CommandBus) {}

  @Put(':productId')
  @ApiOperation({ summary: 'Replace title, description and brand of a product' })
  @ApiOkResponse({ standardSchema: catalogChanged })
  @Problems({ 'not-found': ['unknown-product'] })
  async describeProduct(
    @Param('productId', { schema: productIdSchema }) productId: string,
    @Body({ schema: description }) body: z.output<typeof description>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<CatalogChanged> {
    const change = new ChangeCatalog([{ ...body, type: 'DescribeProduct', productId }], metadata);
    return catalogChangedBy(await this.commands.execute(change));
  }
}
