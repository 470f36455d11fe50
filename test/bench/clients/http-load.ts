import { connect, type Socket } from 'node:net';
import { closedLoop, type LoadResult } from '../support/load.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: object;
}

/**
 * The same request over and over on some kept-alive connections, one in flight on each. Throws for an answer that is not
 * 2xx or that `isGood` finds wanting. The bytes of the request are made once: the server shall be measured, not us.
 */
export async function httpLoad({
  url,
  request,
  connections,
  seconds,
  isGood = () => true,
}: {
  readonly url: string;
  readonly request: HttpRequest;
  readonly connections: number;
  readonly seconds: number;
  readonly isGood?: (body: string) => boolean;
}): Promise<LoadResult> {
  const bytes = bytesOf(url, request);
  const open = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(url)));
  try {
    return await closedLoop({
      inFlight: connections,
      seconds,
      operation: async (caller) => {
        const answer = await open[caller]?.send(bytes);
        if (!answer || answer.status >= 300 || !isGood(answer.body))
          throw new Error(`${request.path} answered ${answer?.status}: ${answer?.body.slice(0, 500)}`);
      },
    });
  } finally {
    for (const connection of open) connection.close();
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** HTTP/1.1 with Content-Length, and no more of it than a load generator needs. */
class HttpConnection {
  #received = '';
  #waiting: PromiseWithResolvers<Answer> | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').setNoDelay(true);
    socket.on('data', (text: string) => this.#take(text));
    socket.on('close', () => this.#waiting?.reject(new Error('The server closed the connection.')));
    socket.on('error', (error) => this.#waiting?.reject(error));
  }

  static async open(url: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new HttpConnection(socket);
  }

  send(request: Buffer): Promise<Answer> {
    this.#waiting = Promise.withResolvers();
    this.socket.write(request);
    return this.#waiting.promise;
  }

  close(): void {
    this.#waiting = undefined;
    this.socket.destroy();
  }

  #take(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const bodyStart = headEnd + 4;
    const bodyLength = Number(/^content-length: (\d+)/im.exec(this.#received.slice(0, headEnd))?.[1] ?? 0);
    if (this.#received.length < bodyStart + bodyLength) return;
    const answer = { status: Number(this.#received.slice(9, 12)), body: this.#received.slice(bodyStart) };
    this.#received = '';
    this.#waiting?.resolve(answer);
  }
}

function bytesOf(url: string, { method, path, body }: HttpRequest): Buffer {
  const json = body === undefined ? '' : JSON.stringify(body);
  const content =
    body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(json)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n${content}\r\n${json}`);
}
