import { Module } from '@nestjs/common';
import { assembled } from '#platform';
import { assembleCatalog } from './assemble.js';
import { CatalogController } from './catalog.controller.js';

/** What is sold, what it costs on each channel, and what each channel calls it. */
@Module({
  controllers: [CatalogController],
  providers: assembled(assembleCatalog),
})
export class CatalogModule {}
