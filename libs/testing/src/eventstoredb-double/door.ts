import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy before the double's server, for faults of the network: connections that break, hosts that refuse, lines
 * that fall silent. TLS passes through it.
 */
export class Door {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #port = 0;
  #refusing = false;
  #silent = false;

  private constructor(private readonly target: number) {
    this.#server = createServer((outside) => this.#enter(outside));
  }

  static async open(target: number): Promise<Door> {
    const door = new Door(target);
    await new Promise<void>((resolve, reject) => {
      door.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    door.#port = (door.#server.address() as AddressInfo).port;
    return door;
  }

  get port(): number {
    return this.#port;
  }

  /** Breaks every connection; new ones are let in. */
  drop(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#pairs.clear();
  }

  /** Breaks every connection and every attempt at a new one, until {@link admit}. */
  refuse(): void {
    this.#refusing = true;
    this.drop();
  }

  admit(): void {
    this.#refusing = false;
  }

  /** Nothing passes and nothing is said, until {@link speak}. */
  silence(): void {
    this.#silent = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  speak(): void {
    this.#silent = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #enter(outside: Socket): void {
    if (this.#refusing) {
      outside.destroy();
      return;
    }
    const inside = connect(this.target, '127.0.0.1');
    const pair = [outside, inside] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [inside, outside] as const]) {
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => {
        if (!this.#silent) from.resume();
      });
      from.on('error', () => {});
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#silent) for (const socket of pair) socket.pause();
  }
}
