import { Controller, Delete, Get, Post, Put } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Executes, Input, type InputOf } from '#platform';
import { importCatalog } from './import/import-catalog.js';
import { createProduct } from './product/create-product.js';
import { describeProduct } from './product/describe-product.js';
import { addVariant } from './variant/add-variant.js';
import { describeVariant } from './variant/describe-variant.js';
import { endListing } from './variant/end-listing.js';
import { listVariant } from './variant/list-variant.js';
import { setPrice } from './variant/set-price.js';
import { listListings, listVariants, productById, variantOfSku } from './views/catalog/catalog.slices.js';

/** Products, their variants, and what these cost and are called on each channel. */
@Controller('v1')
export class CatalogController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Post('products')
  @Executes(createProduct)
  createProduct(@Input() input: InputOf<typeof createProduct>) {
    return this.commands.execute(createProduct(input));
  }

  @Put('products/:productId')
  @Executes(describeProduct)
  describeProduct(@Input() input: InputOf<typeof describeProduct>) {
    return this.commands.execute(describeProduct(input));
  }

  @Get('products/:productId')
  @Executes(productById)
  productById(@Input() input: InputOf<typeof productById>) {
    return this.queries.execute(productById(input));
  }

  @Post('products/:productId/variants')
  @Executes(addVariant)
  addVariant(@Input() input: InputOf<typeof addVariant>) {
    return this.commands.execute(addVariant(input));
  }

  @Put('variants/:sku')
  @Executes(describeVariant)
  describeVariant(@Input() input: InputOf<typeof describeVariant>) {
    return this.commands.execute(describeVariant(input));
  }

  @Get('variants/:sku')
  @Executes(variantOfSku)
  variantOfSku(@Input() input: InputOf<typeof variantOfSku>) {
    return this.queries.execute(variantOfSku(input));
  }

  @Get('variants')
  @Executes(listVariants)
  listVariants(@Input() input: InputOf<typeof listVariants>) {
    return this.queries.execute(listVariants(input));
  }

  @Put('variants/:sku/prices/:channel')
  @Executes(setPrice)
  setPrice(@Input() input: InputOf<typeof setPrice>) {
    return this.commands.execute(setPrice(input));
  }

  @Put('variants/:sku/listings/:channel')
  @Executes(listVariant)
  listVariant(@Input() input: InputOf<typeof listVariant>) {
    return this.commands.execute(listVariant(input));
  }

  @Delete('variants/:sku/listings/:channel')
  @Executes(endListing)
  endListing(@Input() input: InputOf<typeof endListing>) {
    return this.commands.execute(endListing(input));
  }

  @Get('listings')
  @Executes(listListings)
  listListings(@Input() input: InputOf<typeof listListings>) {
    return this.queries.execute(listListings(input));
  }

  @Post('catalog/import')
  @Executes(importCatalog)
  importCatalog(@Input() input: InputOf<typeof importCatalog>) {
    return this.commands.execute(importCatalog(input));
  }
}
