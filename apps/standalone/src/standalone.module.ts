import { type DynamicModule, Module } from '@nestjs/common';
import { type Core, CoreModule } from '#platform';
import { InventoryModule } from '../../inventory/src/inventory.module.js';

/** Every service in one process. */
@Module({})
export class StandaloneModule {
  static over(core: Core): DynamicModule {
    return { module: StandaloneModule, imports: [CoreModule.over(core), InventoryModule] };
  }
}
