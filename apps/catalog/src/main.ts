import { runService } from '#platform';
import { CatalogModule } from './catalog.module.js';
import { catalogPublishes } from './publishes.js';

await runService({
  publishes: catalogPublishes,
  modules: [CatalogModule],
});
