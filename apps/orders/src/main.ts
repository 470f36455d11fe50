import { runService } from '#platform';
import { OrdersModule } from './orders.module.js';

await runService({
  name: 'orders',
  does: 'Sales of the channels and orders of our own shop, from the first word to the last return.',
  modules: [OrdersModule],
});
