import { runService } from '#platform/host';
import { OrdersModule } from './orders.module.js';
import { ordersPublishes } from './publishes.js';

await runService({
  publishes: ordersPublishes,
  modules: [OrdersModule],
});
