import { type DynamicModule, Global, Module } from '@nestjs/common';
import { type OpenedCore } from '#platform';
import { CoreModule } from '#platform/host';
import { serviceParts } from './services.js';

const modules = Object.values(serviceParts).map(({ module }) => module);

/** The services that offer ports to the others. */
const offering = [serviceParts.inventory.module, serviceParts.orders.module];

/** Binds the ports between services directly: orders takes the sales of channels, inventory gives them their numbers. */
@Global()
@Module({ imports: offering, exports: offering })
class PortsModule {}

@Module({})
class StandaloneModule {}

/** Every service in one process, on what is already open. */
export const standaloneModule = (core: OpenedCore): DynamicModule => ({
  module: StandaloneModule,
  imports: [CoreModule.over(core), PortsModule, ...modules],
});
