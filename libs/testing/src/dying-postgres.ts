import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * A PostgreSQL server whose postmaster is killed in the moment in which it greets: "ready for query" and its last words come in
 * one piece. Gives its URL, and how often a client connected. Protocol 3.0, as in "Frontend/Backend Protocol" of its manual.
 */
export async function dyingPostgres(): Promise<{
  readonly url: string;
  readonly connections: () => number;
  stop(): Promise<void>;
}> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    socket.once('data', () => socket.end(Buffer.concat([authenticated, ready, lastWords])));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://einklang@127.0.0.1:${port}/einklang`,
    connections: () => connections,
    stop: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Type, length (itself included), body. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const authenticated = message('R', Buffer.from([0, 0, 0, 0]));
const ready = message('Z', Buffer.from('I'));
const lastWords = message(
  'E',
  Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'),
);
