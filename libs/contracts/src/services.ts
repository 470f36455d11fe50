// Pure data, and it imports nothing: small programs read it too.

interface ServiceDescription {
  /** One sentence for `--help`. */
  readonly does: string;
  /** Categories of the streams it alone writes. Their events are in `eventsByCategory`. */
  readonly categories: readonly string[];
  /** Kafka topics it alone writes: `einklang.<service>.events` carries its events (`publishes.ts` of the service). */
  readonly topics: readonly string[];
  /** Topics of others that its reactions read. */
  readonly consumes: readonly string[];
  /** What it answers over gRPC, beside REST. */
  readonly grpc?: { readonly packages: readonly string[]; readonly protoFiles: readonly string[] };
}

/**
 * The one list of services. A service's database and login, its program (`dist/apps/<name>/src/main.js`), its host in
 * deploy/ and its Secret key (`DATABASE_URL_<NAME>`) are called as it is. `test/architecture/services.spec.ts` holds every other place that names services against
 * this list.
 */
export const services = {
  catalog: {
    does: 'What is sold, what it costs on each channel, and what each channel calls it.',
    categories: ['product', 'variant', 'externalid'],
    topics: ['einklang.catalog.events'],
    consumes: [],
    grpc: { packages: ['einklang.catalog.v1'], protoFiles: ['einklang/catalog/v1/catalog.proto'] },
  },
  inventory: {
    does: 'What there is, everywhere, and what each channel may show of it: REST, gRPC, views, processes, the availability feed.',
    categories: ['stock', 'location', 'channelpolicy', 'transfer'],
    topics: ['einklang.inventory.events', 'einklang.inventory.availability'],
    consumes: ['einklang.orders.events'],
    grpc: {
      packages: ['einklang.inventory.v1'],
      protoFiles: ['einklang/inventory/v1/stock.proto', 'einklang/inventory/v1/transfers.proto'],
    },
  },
  orders: {
    does: 'Sales of the channels and orders of our own shop, from the first word to the last return.',
    categories: ['order'],
    topics: ['einklang.orders.events'],
    consumes: ['einklang.catalog.events', 'einklang.channels.events', 'einklang.inventory.events'],
    grpc: { packages: ['einklang.orders.v1'], protoFiles: ['einklang/orders/v1/orders.proto'] },
  },
  customers: {
    does: 'Who buys, over all channels, known by keyed hashes only.',
    categories: ['profile', 'identity'],
    topics: ['einklang.customers.events'],
    consumes: ['einklang.orders.events'],
    grpc: { packages: ['einklang.customers.v1'], protoFiles: ['einklang/customers/v1/customers.proto'] },
  },
  channels: {
    does: 'The channels: webhooks in, sales handed to orders, stock pushed to every listing, drift checked.',
    categories: ['channel'],
    topics: ['einklang.channels.events'],
    consumes: ['einklang.catalog.events', 'einklang.inventory.availability'],
  },
} as const satisfies Readonly<Record<string, ServiceDescription>>;

export type ServiceName = keyof typeof services;

/** Category of the streams of some service. */
export type Category = (typeof services)[ServiceName]['categories'][number];

/** A topic of some service. */
export type Topic = (typeof services)[ServiceName]['topics'][number];

/** The names of all services, in the order of the list. */
export const serviceNames = Object.keys(services) as readonly ServiceName[];

/** The topic of a service that carries its events. */
export const topicOfEvents = <Name extends ServiceName>(service: Name): `einklang.${Name}.events` =>
  `einklang.${service}.events`;

/** The newest number of every SKU: compacted, key = SKU. */
export const AVAILABILITY_TOPIC: Topic = 'einklang.inventory.availability';

/** What a service is, without the literal names. */
export const descriptionOf = (service: ServiceName): ServiceDescription => services[service];

/** What all services together answer over gRPC. */
export const grpcOfAll = (): { packages: string[]; protoFiles: string[] } => {
  const all = serviceNames.map((name) => descriptionOf(name).grpc).filter((grpc) => grpc !== undefined);
  return {
    packages: all.flatMap(({ packages }) => packages),
    protoFiles: all.flatMap(({ protoFiles }) => protoFiles),
  };
};
