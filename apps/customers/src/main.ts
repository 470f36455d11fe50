import { runService } from '#platform/host';
import { CustomersModule } from './customers.module.js';
import { customersPublishes } from './publishes.js';

await runService({
  publishes: customersPublishes,
  modules: [CustomersModule],
});
