import { runService } from '#platform/host';
import { InventoryModule } from './inventory.module.js';
import { inventoryPublishes } from './publishes.js';

await runService({
  publishes: inventoryPublishes,
  modules: [InventoryModule],
});
