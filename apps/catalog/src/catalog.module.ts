import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { assembled } from '#platform';
import { assembleCatalog } from './assemble.js';
import { ChangeCatalogHandler } from './change-catalog.js';
import { ImportCatalogController } from './import/import-catalog/import-catalog.http.js';
import { CreateProductController } from './product/create-product/create-product.http.js';
import { DescribeProductController } from './product/describe-product/describe-product.http.js';
import { AddVariantController } from './variant/add-variant/add-variant.http.js';
import { DescribeVariantController } from './variant/describe-variant/describe-variant.http.js';
import { EndListingController } from './variant/end-listing/end-listing.http.js';
import { ListVariantController } from './variant/list-variant/list-variant.http.js';
import { SetPriceController } from './variant/set-price/set-price.http.js';
import { CatalogController } from './views/catalog/catalog.http.js';
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
  providers: assembled(assembleCatalog, {
    parts: {
      // Commands
      changeCatalog: ChangeCatalogHandler,
      // Views
      catalogQuery: CatalogQuery,
    },
  }),
})
export class CatalogModule {}
