import { runService } from '#platform/host';
import { InventoryModule } from './inventory.module.js';
import { inventoryPublishes } from './publishes.js';

await runService({
  publishes: inventoryPublishes,
  settings: '  EINKLANG_GRPC_PORT   gRPC of the stock hot path (5051); 0 takes any free port\n',
  modules: [InventoryModule],
});
