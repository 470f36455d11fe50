import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** What clients of a secured broker need: TLS, and a login with SASL PLAIN. */
export interface KafkaSecurity {
  /** Private key (PKCS 8) and certificate of the broker, in PEM. */
  readonly certificate: string;
  readonly username: string;
  readonly password: string;
}

export interface KafkaNodeOptions {
  readonly id: number;
  /** For clients, for the other brokers, for the controllers. */
  readonly ports: { readonly client: number; readonly internal: number; readonly controller: number };
  /** Absent for plain TCP. */
  readonly security?: KafkaSecurity | undefined;
  /** All nodes, this one included, as `<id>@127.0.0.1:<controller port>`. */
  readonly voters: readonly string[];
  readonly jars: string;
  /** Everything of this node, in the folder of its cluster, which is removed when the owner dies. */
  readonly folder: string;
  /** The node is killed when the process with this id is gone. */
  readonly ownerPid: number;
}

/** One Kafka process, broker and controller in one (KRaft). */
export class KafkaNode {
  readonly #options: KafkaNodeOptions;
  #starts = 0;

  constructor(options: KafkaNodeOptions) {
    this.#options = options;
  }

  /** `127.0.0.1:<port>` */
  get address(): string {
    return `127.0.0.1:${this.#options.ports.client}`;
  }

  /** Starts the process and resolves when it serves requests. What it kept of an earlier start is there again. */
  async start(): Promise<void> {
    if (this.#starts === 0) await this.#format();
    this.#starts += 1;
    await this.#spawn();
    await this.#started();
  }

  /** kill -9, and wait until it is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Hands over its partitions, then ends. */
  shutDown(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** What `kafka-storage format` writes, without another Java process; the metadata version is that of the release. */
  async #format(): Promise<void> {
    const { id, folder, security } = this.#options;
    await mkdir(join(folder, 'data'), { recursive: true });
    const directoryId = Buffer.from(`einklang-node-0${id}`).toString('base64url');
    const meta = ['version=1', `node.id=${id}`, `cluster.id=${CLUSTER_ID}`, `directory.id=${directoryId}`];
    await writeFile(join(folder, 'data/meta.properties'), `${meta.join('\n')}\n`);
    await writeFile(join(folder, 'server.properties'), `${this.#settings().join('\n')}\n`);
    if (security) await writeFile(join(folder, 'broker.pem'), security.certificate);
  }

  #settings(): string[] {
    const { id, ports, voters, folder, security } = this.#options;
    const replicas = voters.length;
    return [
      'process.roles=broker,controller',
      `node.id=${id}`,
      `controller.quorum.voters=${voters.join(',')}`,
      `listeners=${brokerListeners(ports)},CONTROLLER://127.0.0.1:${ports.controller}`,
      `advertised.listeners=${brokerListeners(ports)}`,
      `listener.security.protocol.map=CLIENT:${security ? 'SASL_SSL' : 'PLAINTEXT'},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`,
      'inter.broker.listener.name=INTERNAL',
      'controller.listener.names=CONTROLLER',
      ...(security ? securitySettings(security, folder) : []),
      `log.dirs=${join(folder, 'data')}`,
      `default.replication.factor=${replicas}`,
      `min.insync.replicas=${Math.min(2, replicas)}`,
      `offsets.topic.replication.factor=${replicas}`,
      'offsets.topic.num.partitions=3',
      'auto.create.topics.enable=false',
      'message.max.bytes=2097152',
      'num.network.threads=1',
      'num.io.threads=2',
      // A lost node is noticed within seconds, and a group need not wait for members that may come.
      'broker.session.timeout.ms=3000',
      'broker.heartbeat.interval.ms=500',
      'controller.quorum.election.timeout.ms=500',
      'controller.quorum.fetch.timeout.ms=1500',
      'group.initial.rebalance.delay.ms=0',
      'group.min.session.timeout.ms=1000',
    ];
  }

  /** In a shell that outlives this process just long enough to end the node when its owner is gone, even by kill -9. */
  async #spawn(): Promise<void> {
    const { jars, folder, ownerPid } = this.#options;
    const java = ['java', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(jars, '*')];
    const command = [...java, 'kafka.Kafka', join(folder, 'server.properties')];
    await writeFile(this.#pidFile, '');
    spawn('sh', ['-c', GUARD, 'sh', String(ownerPid), folder, this.#pidFile, this.#logFile, ...command], {
      detached: true,
      stdio: 'ignore',
    }).unref();
  }

  async #started(): Promise<void> {
    const deadlineMs = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const log = await readFile(this.#logFile, 'utf8').catch(() => '');
      if (log.includes('Kafka Server started')) return;
      const pid = await this.#pid();
      if ((pid && !isAlive(pid)) || Date.now() > deadlineMs)
        throw new Error(`Kafka node ${this.#options.id} did not start:\n${log.slice(-2_000)}`);
      await delay(LOOK_MS);
    }
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const pid = await this.#pid();
    if (!pid || !isAlive(pid)) return;
    process.kill(pid, signal);
    const deadlineMs = Date.now() + END_TIMEOUT_MS;
    while (isAlive(pid)) {
      if (Date.now() > deadlineMs) process.kill(pid, 'SIGKILL');
      await delay(LOOK_MS);
    }
  }

  async #pid(): Promise<number> {
    return Number(await readFile(this.#pidFile, 'utf8').catch(() => ''));
  }

  get #pidFile(): string {
    return join(this.#options.folder, 'pid');
  }

  get #logFile(): string {
    return join(this.#options.folder, `log-${this.#starts}`);
  }
}

const brokerListeners = ({ client, internal }: KafkaNodeOptions['ports']): string =>
  `CLIENT://127.0.0.1:${client},INTERNAL://127.0.0.1:${internal}`;

const securitySettings = ({ username, password }: KafkaSecurity, folder: string): string[] => [
  'ssl.keystore.type=PEM',
  `ssl.keystore.location=${join(folder, 'broker.pem')}`,
  'listener.name.client.sasl.enabled.mechanisms=PLAIN',
  `listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`,
];

const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw';
const START_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 20_000;
const LOOK_MS = 50;

const GUARD = `
owner=$1 folder=$2 pidFile=$3 log=$4; shift 4
"$@" >"$log" 2>&1 & node=$!
echo $node >"$pidFile"
( while kill -0 "$owner" 2>/dev/null; do sleep 0.5; done; kill -9 $node ) 2>/dev/null & guard=$!
wait $node
kill -0 "$owner" 2>/dev/null && kill $guard || rm -rf "$(dirname "$folder")"
`;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
