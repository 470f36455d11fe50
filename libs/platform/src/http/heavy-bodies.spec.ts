import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type FastifyInstance, fastify } from 'fastify';
import { HEAVY_BODY_BYTES, HeavyBodies, installHeavyBodies } from './heavy-bodies.js';

const LIGHT = 'x'.repeat(1_000);
const HEAVY = 'x'.repeat(HEAVY_BODY_BYTES + 1);

let server: FastifyInstance;
let url: string;
let connections: number;
let atWork: number;
let mostAtWork: number;
let hold: PromiseWithResolvers<void>;

beforeEach(async () => {
  [connections, atWork, mostAtWork, hold] = [0, 0, 0, Promise.withResolvers()];
  server = fastify({ bodyLimit: 8_388_608 });
  const turnOf = installHeavyBodies(server, new HeavyBodies(3 * HEAVY.length));
  server.addHook('onRequest', (_request, _reply, done) => {
    connections += 1;
    done();
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('text/plain', { parseAs: 'string' }, (request, body, done) => {
    (turnOf(request) ?? Promise.resolve()).then(() => done(null, body), done);
  });
  server.post('/', async () => {
    atWork += 1;
    mostAtWork = Math.max(mostAtWork, atWork);
    await hold.promise;
    atWork -= 1;
    return 'done';
  });
  url = await server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => server.close());

const send = async (body: string | ReadableStream, signal?: AbortSignal) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body,
    ...(typeof body !== 'string' && { duplex: 'half' }),
    ...(signal && { signal }),
  });
  return { status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() };
};

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('heavy bodies', () => {
  it('are worked on one at a time', async () => {
    const answers = [HEAVY, HEAVY, HEAVY].map((body) => send(body));
    await until(() => atWork > 0);
    hold.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(mostAtWork).toBe(1);
  });

  it('hold up no light one', async () => {
    const heavy = send(HEAVY);
    await until(() => atWork === 1);
    const light = send(LIGHT);
    await until(() => atWork === 2);
    hold.resolve();
    expect((await Promise.all([heavy, light])).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('are sent away with a time to come back when too many are there', async () => {
    const admitted = [HEAVY, HEAVY, HEAVY].map((body) => send(body));
    await until(() => atWork === 1);
    const { status, retryAfter, text } = await send(HEAVY);
    expect(status).toBe(429);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(JSON.parse(text)).toMatchObject({ code: 'overloaded', status: 429 });
    hold.resolve();
    await Promise.all(admitted);
    expect((await send(HEAVY)).status).toBe(200);
  });

  it('keep their turn until their work is done, also when their client has gone', async () => {
    const gone = new AbortController();
    const leaving = send(HEAVY, gone.signal).catch(() => 'gone');
    await until(() => atWork === 1);
    gone.abort();
    expect(await leaving).toBe('gone');
    const next = send(HEAVY);
    hold.resolve();
    expect((await next).status).toBe(200);
    expect(mostAtWork).toBe(1);
  });

  it('are forgotten when their client goes before their turn', async () => {
    const first = send(HEAVY);
    await until(() => atWork === 1);
    const gone = new AbortController();
    const leaving = send(HEAVY, gone.signal).catch(() => 'gone');
    await until(() => connections === 2);
    gone.abort();
    expect(await leaving).toBe('gone');
    hold.resolve();
    expect((await Promise.all([first, send(HEAVY), send(HEAVY)])).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('are heavy as well when they do not say how long they are', async () => {
    const stream = () => new Blob([LIGHT]).stream();
    hold.resolve();
    expect((await send(stream())).status).toBe(429);
  });
});
