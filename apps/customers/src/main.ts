import { runService } from '#platform';
import { CustomersModule } from './customers.module.js';

await runService({
  name: 'customers',
  does: 'Who buys, over all channels, known by keyed hashes only.',
  modules: [CustomersModule],
});
