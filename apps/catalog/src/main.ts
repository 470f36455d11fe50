import { runService } from '#platform/host';
import { CatalogModule } from './catalog.module.js';
import { catalogPublishes } from './publishes.js';

await runService({
  publishes: catalogPublishes,
  modules: [CatalogModule],
});
