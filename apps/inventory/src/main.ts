import { runService } from '#platform';
import { InventoryModule } from './inventory.module.js';

await runService({
  name: 'inventory',
  does: 'What there is, everywhere, and what each channel may show of it: REST, gRPC, views, processes, the availability feed.',
  settings: '  EINKLANG_GRPC_PORT   gRPC of the stock hot path (5051); 0 takes any free port\n',
  grpc: { packages: ['einklang.inventory.v1'], protoFiles: ['einklang/inventory/v1/stock.proto'] },
  modules: [InventoryModule],
});
