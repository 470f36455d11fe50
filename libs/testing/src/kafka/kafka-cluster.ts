import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KafkaVersion, kafkaJars, kafkaVersion } from './kafka-jars.js';
import { KafkaNode, type KafkaSecurity } from './kafka-node.js';

export interface KafkaCluster {
  /** `host:port` of every node. */
  readonly brokers: readonly string[];
  /** kill -9 of one node, counted from 0. */
  kill(node: number): Promise<void>;
  /** Ends a node in order if it runs, and starts it on the data it had. */
  restart(node: number): Promise<void>;
  /** Ends all nodes and removes their data. */
  stop(): Promise<void>;
}

export interface KafkaClusterOptions {
  /** 1 unless told. Replication is over all of them, and a write needs two where there are two. */
  readonly nodes?: number;
  readonly version?: KafkaVersion;
  /** Clients have to use TLS and log in. */
  readonly security?: KafkaSecurity;
  /** Where the nodes keep their data: a temporary folder unless told. */
  readonly folder?: string;
  /** The nodes die with this process: this one unless told. */
  readonly ownerPid?: number;
}

/** Starts Apache Kafka (KRaft) on free ports of this machine. Throws `KafkaUnavailable` where it cannot be had. */
export async function startKafka(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const { nodes: count = 1, version = kafkaVersion(), ownerPid = process.pid, security } = options;
  const jars = await kafkaJars(version);
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'einklang-kafka-')));
  const ports = await freePorts(count * 3);
  const places = Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    ports: {
      client: portAt(ports, index * 3),
      internal: portAt(ports, index * 3 + 1),
      controller: portAt(ports, index * 3 + 2),
    },
  }));
  const voters = places.map((place) => `${place.id}@127.0.0.1:${place.ports.controller}`);
  const nodes = places.map(
    (place) => new KafkaNode({ ...place, voters, jars, ownerPid, security, folder: join(folder, `node-${place.id}`) }),
  );
  const nodeAt = (index: number): KafkaNode => {
    const node = nodes[index];
    if (!node) throw new Error(`There is no node ${index}; there are ${count}.`);
    return node;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.kill()));
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    brokers: nodes.map(({ address }) => address),
    kill: (node) => nodeAt(node).kill(),
    restart: async (node) => {
      await nodeAt(node).shutDown();
      await nodeAt(node).start();
    },
    stop,
  };
}

/** All are held until all are known, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map(portOf);
  await Promise.all(servers.map(closed));
  return ports;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}

function portAt(ports: readonly number[], index: number): number {
  const port = ports[index];
  if (port === undefined) throw new RangeError(`There is no port ${index}.`);
  return port;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
