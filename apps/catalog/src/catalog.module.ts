import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { type Projection, Runners } from '#read-models';
import { ChangeCatalogHandler } from './change-catalog.js';
import { ChangeOneByOne } from './change-one-by-one.js';
import { ImportCatalogController } from './import/import-catalog/import-catalog.http.js';
import { CreateProductController } from './product/create-product/create-product.http.js';
import { DescribeProductController } from './product/describe-product/describe-product.http.js';
import { SkuLocks } from './sku-locks.js';
import { AddVariantController } from './variant/add-variant/add-variant.http.js';
import { DescribeVariantController } from './variant/describe-variant/describe-variant.http.js';
import { EndListingController } from './variant/end-listing/end-listing.http.js';
import { ListVariantController } from './variant/list-variant/list-variant.http.js';
import { SetPriceController } from './variant/set-price/set-price.http.js';
import { CatalogController } from './views/catalog/catalog.http.js';
import { catalogProjection } from './views/catalog/catalog.projection.js';
import { CatalogQuery } from './views/catalog/catalog.query.js';

/** What is sold, what it costs on each channel, and what each channel calls it. */
@Module({
  imports: [CqrsModule.forRoot()],
  controllers: [
    // Commands
    CreateProductController,
    DescribeProductController,
    AddVariantController,
    DescribeVariantController,
    SetPriceController,
    ListVariantController,
    EndListingController,
    ImportCatalogController,
    // Views
    CatalogController,
  ],
  providers: [
    // Commands
    ChangeCatalogHandler,
    ChangeOneByOne,
    SkuLocks,
    // Views
    CatalogQuery,
  ],
})
export class CatalogModule {
  constructor(runners: Runners) {
    for (const projection of catalogProjections) runners.addProjection(projection);
  }
}

/** The views of the service, for commands that rebuild or verify them. */
export const catalogProjections: readonly Projection[] = [catalogProjection];
