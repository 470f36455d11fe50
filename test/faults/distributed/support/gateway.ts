import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Which service answers a path. */
export type Routing = (path: string) => string | undefined;

/**
 * What stands in front of services that have several processes: sends each request to one of them in turn, and to the next
 * where no server listens. Whether a request that broke off had its effect is for its sender to find out, as everywhere.
 */
export class Gateway {
  readonly #instances = new Map<string, string[]>();
  #turn = 0;

  private constructor(
    private readonly server: Server,
    private readonly routing: Routing,
  ) {}

  static async open(routing: Routing): Promise<Gateway> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    const gateway = new Gateway(server, routing);
    server.on('request', (incoming, answer) => gateway.#pass(incoming, answer));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Requests for the service may go to this address from now on. */
  add(service: string, httpUrl: string): void {
    this.#instances.set(service, [...(this.#instances.get(service) ?? []), httpUrl]);
  }

  /** No request goes there any more; those that were sent are waited for by their senders. */
  remove(service: string, httpUrl: string): void {
    this.#instances.set(
      service,
      (this.#instances.get(service) ?? []).filter((url) => url !== httpUrl),
    );
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #pass(incoming: IncomingMessage, answer: ServerResponse): void {
    const service = this.routing(incoming.url ?? '/');
    const instances = (service && this.#instances.get(service)) || [];
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => this.#tryEach(incoming, Buffer.concat(chunks), answer, instances, instances.length));
  }

  #tryEach(
    incoming: IncomingMessage,
    body: Buffer,
    answer: ServerResponse,
    instances: readonly string[],
    left: number,
  ): void {
    this.#turn += 1;
    const target = instances[this.#turn % instances.length];
    if (target === undefined || left === 0) {
      answer.writeHead(503, { 'content-type': 'text/plain' }).end('No instance answers.');
      return;
    }
    const { method, headers } = incoming;
    const outgoing = request(new URL(incoming.url ?? '/', target), { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
      response.on('error', () => answer.destroy());
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') this.#tryEach(incoming, body, answer, instances, left - 1);
      else if (answer.headersSent) answer.destroy();
      else answer.writeHead(502, { 'content-type': 'text/plain' }).end('The instance broke off.');
    });
    outgoing.end(body);
  }
}
