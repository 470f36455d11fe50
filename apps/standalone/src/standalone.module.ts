import { type DynamicModule, Global, Module } from '@nestjs/common';
import { CoreModule, type OpenedCore } from '#platform';
import { CatalogModule } from '../../catalog/src/catalog.module.js';
import { ChannelsModule } from '../../channels/src/channels.module.js';
import { CustomersModule } from '../../customers/src/customers.module.js';
import { InventoryModule } from '../../inventory/src/inventory.module.js';
import { OrdersModule } from '../../orders/src/orders.module.js';

/** Binds the ports between services directly: orders takes the sales of channels, inventory gives them their numbers. */
@Global()
@Module({ imports: [InventoryModule, OrdersModule], exports: [InventoryModule, OrdersModule] })
class PortsModule {}

@Module({})
class StandaloneModule {}

/** Every service in one process, on what is already open. */
export const standaloneModule = (core: OpenedCore): DynamicModule => ({
  module: StandaloneModule,
  imports: [CoreModule.over(core), PortsModule, CatalogModule, CustomersModule, ChannelsModule],
});
