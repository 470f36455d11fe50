import { runService } from '#platform';
import { CatalogModule } from './catalog.module.js';

await runService({
  name: 'catalog',
  does: 'What is sold, what it costs on each channel, and what each channel calls it.',
  modules: [CatalogModule],
});
