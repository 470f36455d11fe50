import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be slow, break, and be silent. */
export class TcpProxy {
  /** Every piece of data arrives so much later. */
  delayMs = 0;
  readonly #sockets = new Set<Socket>();
  readonly #held: (() => void)[] = [];
  #isSilent = false;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  /** `url`: of the server, with host and port. */
  static async open(url: string): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, new URL(url));
    server.on('connection', (client) => proxy.#join(client));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The address of the target, by way of this. */
  through(url: string): string {
    const { port } = this.server.address() as AddressInfo;
    return url.replace(`:${this.target.port}`, `:${port}`);
  }

  /** While silent, connections stay and nothing comes through; what was sent meanwhile arrives afterwards. */
  set isSilent(isSilent: boolean) {
    this.#isSilent = isSilent;
    if (!isSilent) for (const go of this.#held.splice(0)) go();
  }

  /** Resets every connection. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.isSilent = false;
    this.breakAll();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(client: Socket): void {
    const server = connect(Number(this.target.port), this.target.hostname);
    this.#carry(client, server);
    this.#carry(server, client);
  }

  #carry(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on('data', (data) => {
      from.pause();
      void this.#arrival().then(() => {
        if (to.writable) to.write(data, () => from.resume());
      });
    });
    from.on('end', () => void this.#arrival().then(() => to.end()));
  }

  async #arrival(): Promise<void> {
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    if (this.#isSilent) await new Promise<void>((resolve) => this.#held.push(resolve));
  }
}
