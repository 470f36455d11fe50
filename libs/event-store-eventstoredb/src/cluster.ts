import { type EndPoint, EventStoreDBClient, NotLeaderError } from '@eventstore/db-client';
import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossipPb, { type ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js';
import sharedPb from '@eventstore/db-client/generated/shared_pb.js';
import { LeaderMissing, StoreClosed } from './errors.js';
import { nodesIn } from './nodes-in-url.js';

/** A node with a client of its own. */
export interface Node {
  /** `host:port`. */
  readonly address: string;
  readonly client: EventStoreDBClient;
}

/** What a node says of its cluster. */
interface Gossip {
  readonly leader: string | undefined;
  /** Those it holds for alive. */
  readonly members: readonly string[];
}

/**
 * Finds the node that leads. The client could do that too, but its discovery ends after ten attempts in a rejection that no
 * caller can catch, which ends the process, and it waits five seconds for every node that is frozen. So each node has a client
 * that knows that node only, and here all are asked at once. The one that is named as the leader is asked as well: a node that
 * does not answer itself leads no more, whatever the others still believe.
 */
export class Cluster {
  readonly #clients = new Map<string, EventStoreDBClient>();
  readonly #silentSinceMs = new Map<string, number>();
  readonly #seeds: readonly string[];
  readonly #isSingle: boolean;
  readonly #urlOf: (address: string) => string;
  #members: readonly string[] = [];
  #leader: Node | undefined;
  /** The leader as a node that was none named it. */
  #named: string | undefined;
  #finding: Promise<Node> | undefined;
  #closed = false;

  /** Throws Error for a connection string that cannot be used. */
  constructor(url: string) {
    // The client knows best what is wrong with a connection string, and reads the certificates.
    EventStoreDBClient.connectionString(url);
    const { hosts, isDiscovered, urlOf } = nodesIn(url);
    this.#seeds = hosts;
    this.#isSingle = hosts.length === 1 && !isDiscovered;
    this.#urlOf = urlOf;
  }

  /** Throws {@link LeaderMissing} when there is none just now. */
  async leader(): Promise<Node> {
    if (this.#leader) return this.#leader;
    this.#finding ??= this.#find().finally(() => {
      this.#finding = undefined;
    });
    return this.#finding;
  }

  /** A call to the node failed, so the next one asks again which node leads. */
  lost(node: Node, error: unknown): void {
    if (error instanceof NotLeaderError) {
      this.#named = addressOf(error.leader);
      // The client of that node goes over to the one that was named.
      this.#discard(node.address, node.client);
    }
    if (this.#leader?.client === node.client) this.#leader = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#clients.values().map(closeChannel));
    this.#clients.clear();
  }

  async #find(): Promise<Node> {
    const address = this.#isSingle ? await this.#findNamed() : await this.#findInCluster();
    if (address === undefined) throw new LeaderMissing(this.#members.length > 0 ? this.#members : this.#seeds);
    this.#leader = { address, client: this.#clientOf(address) };
    return this.#leader;
  }

  /** One node was given, under the only address that is known to lead to it from here: it leads, or names who does. */
  async #findNamed(): Promise<string | undefined> {
    const [given = ''] = this.#seeds;
    const named = this.#named;
    this.#named = undefined;
    if (named !== undefined && (await this.#ask(named))) return named;
    return (await this.#ask(given)) ? given : undefined;
  }

  /** Resolves as soon as most nodes agree on a leader that answers, or when all have answered or had their time. */
  async #findInCluster(): Promise<string | undefined> {
    const candidates = this.#members.length > 0 ? this.#members : this.#seeds;
    const found = await new Poll(candidates, (address) => this.#ask(address)).leader();
    this.#members = found.members;
    return found.leader;
  }

  /** Undefined when there was no answer in time. */
  async #ask(address: string): Promise<Gossip | undefined> {
    if (this.#closed) return undefined;
    const client = this.#clientOf(address);
    try {
      const gossip = await gossipOf(client);
      this.#silentSinceMs.delete(address);
      return gossip;
    } catch {
      this.#noteSilence(address, client);
      return undefined;
    }
  }

  /** A connection that is being made has its time for it; one that says nothing for long is made again. */
  #noteSilence(address: string, client: EventStoreDBClient): void {
    const now = performance.now();
    const sinceMs = this.#silentSinceMs.get(address) ?? now;
    this.#silentSinceMs.set(address, sinceMs);
    if (now - sinceMs >= SILENCE_MS_MAX) this.#discard(address, client);
  }

  #discard(address: string, client: EventStoreDBClient): void {
    if (this.#clients.get(address) !== client) return;
    this.#clients.delete(address);
    this.#silentSinceMs.delete(address);
    void closeChannel(client);
  }

  #clientOf(address: string): EventStoreDBClient {
    const known = this.#clients.get(address);
    if (known) return known;
    if (this.#closed) throw new StoreClosed();
    const client = EventStoreDBClient.connectionString(this.#urlOf(address));
    // Without this the client sends appends over one shared stream, where an append whose answer is lost waits without end,
    // and where a broken connection rejects promises that no caller can catch.
    // biome-ignore lint/complexity/useLiteralKeys: the client has no setting for it.
    client['supports'] = async () => false;
    this.#clients.set(address, client);
    return client;
  }
}

/** One round of asking all nodes. */
class Poll {
  readonly #votes = new Map<string, number>();
  readonly #confirmed = new Set<string>();
  readonly #asked = new Set<string>();
  readonly #members = new Set<string>();
  #open = 0;

  constructor(
    private readonly candidates: readonly string[],
    private readonly ask: (address: string) => Promise<Gossip | undefined>,
  ) {}

  leader(): Promise<{ readonly leader: string | undefined; readonly members: readonly string[] }> {
    return new Promise((resolve) => {
      const settle = (): void => {
        const leader = this.#agreed(this.#open > 0 ? this.candidates.length / 2 : 0);
        if (leader !== undefined || this.#open === 0) resolve({ leader, members: [...this.#members] });
      };
      for (const candidate of this.candidates) this.#askOne(candidate, settle);
    });
  }

  #askOne(address: string, settle: () => void): void {
    if (this.#asked.has(address)) return;
    this.#asked.add(address);
    this.#open += 1;
    void this.ask(address).then((gossip) => {
      this.#open -= 1;
      if (gossip) this.#count(address, gossip, settle);
      settle();
    });
  }

  #count(address: string, { leader, members }: Gossip, settle: () => void): void {
    for (const member of members) this.#members.add(member);
    if (leader === undefined) return;
    if (leader === address) this.#confirmed.add(address);
    if (this.candidates.includes(address)) this.#votes.set(leader, (this.#votes.get(leader) ?? 0) + 1);
    this.#askOne(leader, settle);
  }

  /** Of those that say themselves that they lead, the one most others name: one that just woke up may not know better. */
  #agreed(votesMin: number): string | undefined {
    const votesOf = (address: string): number => this.#votes.get(address) ?? 0;
    const [first] = [...this.#confirmed].sort((a, b) => votesOf(b) - votesOf(a));
    return first !== undefined && votesOf(first) > votesMin ? first : undefined;
  }
}

function gossipOf(client: EventStoreDBClient): Promise<Gossip> {
  // biome-ignore-start lint/complexity/useLiteralKeys: the client has no method for gossip.
  return client['execute'](
    gossipGrpc.GossipClient,
    'gossip',
    (grpc) =>
      new Promise((resolve, reject) => {
        const [metadata, options] = client['callArguments']({ deadline: GOSSIP_TIMEOUT_MS });
        grpc.read(new sharedPb.Empty(), metadata, options, (error, info) => {
          if (error && TRANSPORT_CODES.has(error.code)) reject(error);
          else resolve(error ? { leader: undefined, members: [] } : gossipIn(info));
        });
      }),
  );
  // biome-ignore-end lint/complexity/useLiteralKeys: see above.
}

function gossipIn(info: ClusterInfo): Gossip {
  const { VNodeState } = gossipPb.MemberInfo;
  const alive = info.getMembersList().filter((member) => member.getIsAlive());
  const addressIn = (member: (typeof alive)[number] | undefined): string | undefined => {
    const endPoint = member?.getHttpEndPoint();
    return endPoint && addressOf({ address: endPoint.getAddress(), port: endPoint.getPort() });
  };
  const leader = alive.find((member) => member.getState() === VNodeState.LEADER);
  return { leader: addressIn(leader), members: alive.flatMap((member) => addressIn(member) ?? []) };
}

/** `dispose` of the client waits for calls that never end. */
async function closeChannel(client: EventStoreDBClient): Promise<void> {
  // biome-ignore lint/complexity/useLiteralKeys: the client has no other way to close it.
  const channel = await client['getChannel']().catch(() => undefined);
  channel?.close();
}

const addressOf = ({ address, port }: EndPoint): string => `${address}:${port}`;

/** For one answer: followers answer in milliseconds, and nothing waits for one that is frozen. */
const GOSSIP_TIMEOUT_MS = 1_000;
const SILENCE_MS_MAX = 3_000;
/** 1 cancelled, 4 deadline, 14 unavailable; a node that answers anything else is there. */
const TRANSPORT_CODES = new Set([1, 4, 14]);
