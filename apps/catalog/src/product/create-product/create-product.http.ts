import { Body, Controller, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { idFrom } from '#kernel';
import { CommandMetadata, Problems } from '#platform';
import { productDescription, productIdSchema } from '../../catalog.schemas.js';
import { ChangeCatalog, catalogChanged, catalogChangedBy } from '../../change-catalog.js';

const product = z
  .strictObject({
    productId: productIdSchema.optional().meta({ description: 'Left out: one is made' }),
    ...productDescription,
  })
  .meta({ id: 'CreateProduct' });
const created = catalogChanged.extend({ productId: z.string() }).meta({ id: 'ProductCreated' });

@ApiTags('catalog')
@Controller('v1/products')
export class CreateProductController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @ApiOperation({ summary: 'Create a product' })
  @ApiCreatedResponse({ standardSchema: created })
  @Problems({ conflict: ['product-exists'] })
  async createProduct(
    @Body({ schema: product }) body: z.output<typeof product>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<z.output<typeof created>> {
    const productId = body.productId ?? idFrom(`${metadata.commandId}/product`);
    const change = new ChangeCatalog([{ ...body, type: 'CreateProduct', productId }], metadata);
    return { productId, ...catalogChangedBy(await this.commands.execute(change)) };
  }
}
