import { Module } from '@nestjs/common';
import { assembled } from '#platform';
import { assembleCatalog } from './assemble.js';
import { CatalogController } from './catalog.controller.js';
import { CatalogGrpcController } from './grpc/catalog.grpc.js';

/** What is sold, what it costs on each channel, and what each channel calls it. */
@Module({
  controllers: [CatalogController, CatalogGrpcController],
  providers: assembled(assembleCatalog),
})
export class CatalogModule {}
