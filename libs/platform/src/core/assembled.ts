import type { OnApplicationBootstrap, OnModuleInit, Provider, Type } from '@nestjs/common';
import { type Assembled, CORE, type Core } from './core.js';

/** Parts of a service, each with the class or token under which controllers and other modules find it. */
export type PartsOf<Service> = { readonly [Part in keyof Service]?: Type<Service[Part]> | string };

/** Has a service assembled on the core and whatever else is injected, runs it with Nest, and offers its parts. */
export function assembled<Service extends object & Assembled, Ports extends readonly unknown[]>(
  assemble: (core: Core, ...ports: Ports) => Service,
  { from = [], parts = {} }: { readonly from?: readonly string[]; readonly parts?: PartsOf<Service> } = {},
): Provider[] {
  return [
    { provide: assemble, inject: [CORE, ...from], useFactory: assemble },
    { provide: Life, inject: [assemble], useFactory: (service: Service) => new Life(service) },
    ...Object.entries(parts).map(([part, provide]) => ({
      provide: provide as Type | string,
      inject: [assemble],
      useFactory: (service: Service) => service[part as keyof Service],
    })),
  ];
}

/** Nest's hooks for a service that knows nothing of Nest. */
class Life implements OnModuleInit, OnApplicationBootstrap {
  constructor(private readonly service: Assembled) {}

  async onModuleInit(): Promise<void> {
    await this.service.prepare?.();
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.service.start?.();
  }
}
