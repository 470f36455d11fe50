import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { applyTopics, kafkaSettingsFrom, openKafka, topicsFrom } from '#messaging';
import { openDatabase } from '#platform/host';
import { DESCRIPTION } from '../../../../apps/ops/src/topics/topics.js';
import { startSimulatedShop } from '../../../../apps/simulated-shop/src/start-simulated-shop.js';
import { type KafkaCluster, startKafka } from '../../../../libs/testing/src/kafka/kafka-cluster.js';
import { Api, until } from '../../../e2e/support/api.js';
import { query } from '../../../e2e/support/database.js';
import { SECRET } from '../../../e2e/support/installation.js';
import { endOf, outputOf, startProgram } from '../../../e2e/support/programs.js';
import { DatabaseServer } from '../../support/database-server.js';
import { Gateway } from './gateway.js';
import { type Role, SERVICES, type Service, ServiceProcess } from './service-process.js';
import { type Admin, type Kafka, messagesAhead, workLeft } from './settling.js';

/** How many processes of each service there are, by role. */
export type Formation = Readonly<Record<Service, readonly Role[]>>;

export const USUAL: Formation = {
  catalog: ['all'],
  inventory: ['api', 'worker', 'worker'],
  orders: ['all', 'all'],
  customers: ['all'],
  channels: ['all', 'all'],
};

/** Fewer processes, and two of those that share work. */
export const SMALL: Formation = {
  catalog: ['all'],
  inventory: ['api', 'worker'],
  orders: ['all', 'all'],
  customers: ['all'],
  channels: ['all'],
};

export interface LandscapeOptions {
  /** Of Kafka, 1 unless told. */
  readonly brokers?: number;
  readonly formation?: Formation;
  /** Of every process of a service, beside its settings. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * The distributed profile on this machine: Kafka, PostgreSQL with a database per service, the event store (the server at
 * EVENTSTOREDB_URL, else the double in a process of its own), a simulated shop, a gateway, and processes of the services.
 */
export class Landscape {
  readonly processes = new Set<ServiceProcess>();
  readonly server: DatabaseServer;
  /** What was opened, in the order it was. */
  readonly #closers: (() => Promise<unknown>)[] = [];
  #kafka: KafkaCluster | undefined;
  #gateway: Gateway | undefined;
  #eventStoreUrl = '';
  #shopUrl = '';

  private constructor(
    private readonly dataDir: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {
    this.server = new DatabaseServer(dataDir);
  }

  static async open({ brokers = 1, environment = {} }: LandscapeOptions = {}): Promise<Landscape> {
    const dataDir = await mkdtemp(join(tmpdir(), `einklang-test-${process.pid}-landscape-`));
    const landscape = new Landscape(dataDir, environment);
    try {
      await landscape.#open(brokers);
      return landscape;
    } catch (error) {
      await landscape.close();
      throw error;
    }
  }

  get kafka(): KafkaCluster {
    if (!this.#kafka) throw new Error('Kafka is not open.');
    return this.#kafka;
  }

  get gateway(): Gateway {
    if (!this.#gateway) throw new Error('The gateway is not open.');
    return this.#gateway;
  }

  get eventStoreUrl(): string {
    return this.#eventStoreUrl;
  }

  get shopUrl(): string {
    return this.#shopUrl;
  }

  /** What the processes printed last, for a person who looks for a fault. */
  lastWords(): string {
    return [...this.processes]
      .map(({ service, role, output }) => `--- ${service} (${role})\n${output().slice(-1_500)}`)
      .join('\n');
  }

  /** Every service behind one address. */
  get api(): Api {
    return new Api(this.gateway.url);
  }

  /** Starts the server of the services' databases, where its data lies, and lets go of it: it is not restarted. */
  async startDatabase(): Promise<void> {
    const database = await openDatabase({ dataDir: this.dataDir, log: () => {} });
    await database.detach();
  }

  async startAll(formation: Formation): Promise<void> {
    await Promise.all(SERVICES.flatMap((service) => formation[service].map((role) => this.start(service, role))));
  }

  /** Starts a process; resolves once it answers, and the gateway knows it where it answers requests. */
  async start(
    service: Service,
    role: Role,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ServiceProcess> {
    const started = new ServiceProcess(service, role, { ...(await this.environmentOf(service)), ...environment });
    this.processes.add(started);
    void started.ended.then(() => {
      this.processes.delete(started);
      this.gateway.remove(service, started.httpUrl);
    });
    await started.answers();
    if (role !== 'worker') this.gateway.add(service, started.httpUrl);
    return started;
  }

  /** Those of a service, in the order they were started. */
  of(service: Service): readonly ServiceProcess[] {
    return [...this.processes].filter((process) => process.service === service);
  }

  async databaseUrl(service: Service): Promise<string> {
    const url = new URL(await this.server.url());
    url.pathname = `/${service}`;
    return url.href;
  }

  async environmentOf(service: Service): Promise<Record<string, string>> {
    return {
      EINKLANG_DATA_DIR: this.dataDir,
      EINKLANG_HTTP_PORT: '0',
      EINKLANG_GRPC_PORT: '0',
      EINKLANG_LOG_LEVEL: 'warn',
      EINKLANG_DATABASE_CONNECTIONS: '5',
      EINKLANG_HASH_KEY: 'the key of an installation that tests run',
      EVENTSTOREDB_URL: this.#eventStoreUrl,
      KAFKA_BROKERS: this.kafka.brokers.join(','),
      KAFKA_SESSION_TIMEOUT_MS: '10000',
      DATABASE_URL: await this.databaseUrl(service),
      ORDERS_URL: this.gateway.url,
      SIMULATED_SHOP_SECRET: SECRET,
      ...this.environment,
    };
  }

  /** Resolves when one service has dealt with every event and every message there is. */
  async seen(service: Service, withinMs = 240_000): Promise<void> {
    await this.#withAdmin((admin) =>
      until(
        `${service} has seen everything`,
        async () => ((await this.#leftOf(service, admin)) === 0 ? true : undefined),
        withinMs,
      ),
    );
  }

  /** Resolves when no service has anything left to do: no event, no message, no sale, no number. */
  async settled(withinMs = 120_000): Promise<void> {
    let left: unknown;
    await this.#withAdmin((admin) =>
      until(
        'nothing is left to do',
        async () => {
          const before = await this.#head();
          const counts = await Promise.all(SERVICES.map((service) => this.#leftOf(service, admin)));
          left = counts;
          const isSettled = counts.every((count) => count === 0) && (await this.#head()) === before;
          return isSettled || undefined;
        },
        withinMs,
      ),
    ).catch((error: unknown) => {
      const counts = left === undefined ? 'not known' : JSON.stringify(left);
      throw new Error(`Left to do, of ${SERVICES.join(', ')}: ${counts}. ${error}`, { cause: error });
    });
  }

  /** `npm run ops -- verify --service …` for one service. */
  async ops(
    service: Service,
    ...args: string[]
  ): Promise<{ readonly exitCode: number | null; readonly output: string }> {
    const child = startProgram('apps/ops/src/main', args, await this.environmentOf(service));
    const output = outputOf(child);
    return { exitCode: await endOf(child), output: output() };
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.processes, (process) => process.kill()));
    await Promise.all(this.#closers.splice(0).map((close) => close()));
    await this.server.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async #open(brokers: number): Promise<void> {
    this.#kafka = await startKafka({ nodes: brokers });
    this.#closers.push(() => this.kafka.stop());
    this.#gateway = await Gateway.open(serviceOf);
    this.#closers.push(() => this.gateway.close());
    const eventStore = await openEventStore();
    this.#eventStoreUrl = eventStore.url;
    this.#closers.push(eventStore.close);
    const shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    this.#shopUrl = shop.url;
    this.#closers.push(() => shop.close());
    await this.startDatabase();
    await this.#makeDatabases();
    await this.#makeTopics(brokers);
  }

  /** Where the log ends, as any process says. */
  async #head(): Promise<number> {
    const [any] = this.processes;
    if (!any) throw new Error('No process runs.');
    return (await any.api.ask('GET', '/v1/status', status)).head;
  }

  /** Positions, messages and rows ahead of a service; one who does not answer has everything left to do. */
  async #leftOf(service: Service, admin: Admin): Promise<number> {
    const url = await this.databaseUrl(service);
    const processes = this.of(service);
    if (processes.length === 0) return 1;
    const states = await Promise.all(processes.map(({ api }) => api.ask('GET', '/v1/status', status)));
    const positions = states.flatMap(({ runners }) => runners).reduce((sum, { lag }) => sum + lag, 0);
    return positions + (await messagesAhead(service, url, admin)) + (await workLeft(service, url));
  }

  async #withAdmin<Result>(work: (admin: Admin) => Promise<Result>): Promise<Result> {
    const admin = this.kafkaClient().admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  /** A client that says nothing. */
  kafkaClient(): Kafka {
    const silent = { info: () => {}, warn: () => {}, error: () => {} };
    return openKafka(kafkaSettingsFrom({ KAFKA_BROKERS: this.kafka.brokers.join(',') }), silent);
  }

  async #makeDatabases(): Promise<void> {
    const url = await this.server.url();
    for (const service of SERVICES) await query(url, `create database ${service}`);
  }

  async #makeTopics(brokers: number): Promise<void> {
    const kafka = this.kafkaClient();
    await applyTopics(kafka, topicsFrom(JSON.parse(await readFile(DESCRIPTION, 'utf8'))), { replicationMax: brokers });
  }
}

async function openEventStore(): Promise<{ url: string; close(): Promise<void> }> {
  const given = process.env.EVENTSTOREDB_URL;
  if (given) return { url: given, close: async () => {} };
  const child: ChildProcess = startProgram('test/faults/distributed/support/event-store-double', [], {});
  const [message] = await once(child, 'message');
  return {
    url: z.object({ url: z.string() }).parse(message).url,
    close: async () => {
      child.kill('SIGKILL');
      await endOf(child);
    },
  };
}

/** Which service answers a path: as deploy/ routes it. */
export function serviceOf(path: string): Service | undefined {
  const [, first = '', second = ''] = path.split(/[/?]/);
  if (first === 'internal') return 'orders';
  return OWNERS[second];
}

const OWNERS: Readonly<Record<string, Service>> = {
  products: 'catalog',
  variants: 'catalog',
  catalog: 'catalog',
  listings: 'catalog',
  stock: 'inventory',
  reservations: 'inventory',
  shortages: 'inventory',
  transfers: 'inventory',
  locations: 'inventory',
  'supply-maps': 'inventory',
  'stock-rules': 'inventory',
  availability: 'inventory',
  orders: 'orders',
  'channel-sales': 'orders',
  sales: 'orders',
  profiles: 'customers',
  channels: 'channels',
};

const status = z.object({ head: z.int(), runners: z.array(z.looseObject({ lag: z.int() })) });
