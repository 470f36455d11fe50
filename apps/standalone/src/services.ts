import type { DynamicModule, Type } from '@nestjs/common';
import type { Publishes, ServiceName } from '#contracts';
import { type Projection, processesProjection } from '#read-models';
import { catalogProjections } from '../../catalog/src/assemble.js';
import { CatalogModule } from '../../catalog/src/catalog.module.js';
import { catalogPublishes } from '../../catalog/src/publishes.js';
import { channelsProjections } from '../../channels/src/assemble.js';
import { ChannelsModule } from '../../channels/src/channels.module.js';
import { channelsPublishes } from '../../channels/src/publishes.js';
import { customersProjections } from '../../customers/src/assemble.js';
import { CustomersModule } from '../../customers/src/customers.module.js';
import { customersPublishes } from '../../customers/src/publishes.js';
import { inventoryProjections } from '../../inventory/src/assemble.js';
import { InventoryModule } from '../../inventory/src/inventory.module.js';
import { inventoryPublishes } from '../../inventory/src/publishes.js';
import { ordersProjections } from '../../orders/src/assemble.js';
import { OrdersModule } from '../../orders/src/orders.module.js';
import { ordersPublishes } from '../../orders/src/publishes.js';

/** What the programs that put services together take of one. */
export interface ServiceParts {
  readonly module: Type | DynamicModule;
  /** Its views, for commands that rebuild or verify them. */
  readonly projections: readonly Projection[];
  readonly publishes: Publishes;
}

/** Every service of the list in `#contracts`, with what it is made of. */
export const serviceParts: Readonly<Record<ServiceName, ServiceParts>> = {
  catalog: { module: CatalogModule, projections: catalogProjections, publishes: catalogPublishes },
  inventory: {
    module: InventoryModule,
    projections: [...inventoryProjections, processesProjection],
    publishes: inventoryPublishes,
  },
  orders: {
    module: OrdersModule,
    projections: [...ordersProjections, processesProjection],
    publishes: ordersPublishes,
  },
  customers: { module: CustomersModule, projections: customersProjections, publishes: customersPublishes },
  channels: { module: ChannelsModule, projections: channelsProjections, publishes: channelsPublishes },
};
