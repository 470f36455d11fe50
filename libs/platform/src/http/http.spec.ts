import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Delete, Get, HttpCode, Inject, Module, Param, Post, Query, RawBody } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { type EventMetadata, EventStoreUnavailable, Overloaded, RevisionConflict } from '#event-sourcing';
import { Rejected } from '#kernel';
import { type RunningService, startService } from '../host.js';
import {
  BodyLimit,
  CommandMetadata,
  decodeCursor,
  HealthChecks,
  IDEMPOTENCY_STORE,
  isoInstant,
  MAX_BULK_BODY_BYTES,
  MemoryIdempotencyStore,
  Metrics,
  money,
  Problems,
  pageOf,
  pageQuery,
  quantity,
  Shutdown,
  skuSchema,
  toPage,
} from '../index.js';

const reserveStock = z
  .strictObject({ quantity, price: money.optional(), occurredAt: isoInstant.optional(), note: z.string().optional() })
  .meta({ id: 'ReserveStock' });
const reservation = z
  .object({ sku: skuSchema, quantity, commandId: z.string(), times: z.int() })
  .meta({ id: 'Reservation' });
const listQuery = z.strictObject({ ...pageQuery });
const skuParameter = { schema: skuSchema };

const FAULTS: Readonly<Record<string, () => Error>> = {
  'not-found': () => new Rejected('not-found', 'unknown-sku', 'There is no SKU NOPE.', { sku: 'NOPE', status: 1 }),
  conflict: () => new Rejected('conflict', 'insufficient-stock', '2 are free, 3 were asked for.', { free: 2 }),
  invalid: () => new Rejected('invalid', 'currency-mismatch', 'One currency per order.'),
  unavailable: () => new Rejected('unavailable', 'channel-down', 'The channel does not answer.'),
  overloaded: () => new Overloaded('stock-1', 1_500),
  away: () => new EventStoreUnavailable('The event store did not answer for 30 seconds.'),
  full: () => Object.assign(new Error('could not extend file'), { code: '53100' }),
  cut: () => new Error('Connection terminated unexpectedly'),
  'without a connection': () => new Error('timeout exceeded when trying to connect'),
  'read-only': () => Object.assign(new Error('cannot execute INSERT'), { code: '25006' }),
  'in a deadlock': () => new Error('the view cannot be read', { cause: Object.assign(new Error(), { code: '40P01' }) }),
  refusing: () =>
    new AggregateError([Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })], 'no address of it answers'),
  revision: () => new RevisionConflict(['stock-1'], 'stock-1 is at 3'),
  fault: () => new Error('password=hunter2'),
};

/** Tells how often handlers ran, and holds one back while a test wants it to be at work. */
class Work {
  times = 0;
  gate: Promise<void> = Promise.resolve();
  finished: () => void = () => undefined;
  readonly seen: EventMetadata[] = [];
}

@Controller('v1/stock')
class StockController {
  constructor(@Inject(Work) private readonly work: Work) {}

  @Post(':sku/reservations')
  @Problems({ 'not-found': ['unknown-sku'], conflict: ['insufficient-stock'] })
  @ApiCreatedResponse({ standardSchema: reservation, description: 'What is held' })
  async reserve(
    @Param('sku', skuParameter) sku: z.output<typeof skuSchema>,
    @Body({ schema: reserveStock }) body: z.output<typeof reserveStock>,
    @CommandMetadata() metadata: EventMetadata,
  ): Promise<object> {
    this.work.times += 1;
    this.work.seen.push(metadata);
    await this.work.gate;
    this.work.finished();
    return { sku, quantity: body.quantity, commandId: metadata.commandId, times: this.work.times };
  }

  @Post('faults/:kind')
  fail(@Param('kind') kind: string): never {
    this.work.times += 1;
    throw FAULTS[kind]?.() ?? new Error('unknown kind');
  }

  @Post('bulk')
  @BodyLimit(MAX_BULK_BODY_BYTES)
  @HttpCode(200)
  bulk(@Body({ schema: z.array(z.string()) }) rows: string[]): object {
    return { rows: rows.length };
  }

  @Get()
  @ApiOkResponse({ standardSchema: pageOf(z.object({ position: z.int() })) })
  list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): object {
    const after = decodeCursor(query.cursor, z.int()) ?? 0;
    const all = Array.from({ length: 120 }, (_, index) => ({ position: index + 1 }));
    return toPage(
      all.filter((row) => row.position > after).slice(0, query.limit + 1),
      query.limit,
      (row) => row.position,
    );
  }

  @Delete(':sku')
  end(@Param('sku', skuParameter) sku: string): object {
    return { sku };
  }

  @Post('webhook')
  @HttpCode(200)
  webhook(@RawBody() raw: Buffer): object {
    return { signature: createHmac('sha256', 'secret').update(raw).digest('hex') };
  }
}

@Module({
  controllers: [StockController],
  providers: [Work, { provide: IDEMPOTENCY_STORE, useFactory: () => new MemoryIdempotencyStore() }],
})
class SpecModule {
  constructor(@Inject(HealthChecks) health: HealthChecks, @Inject(Metrics) metrics: Metrics) {
    health.add('event-store', () => ({ healthy: true, detail: { head: 7 } }));
    metrics.counter({ name: 'einklang_spec_total', help: 'For this spec' }).inc();
    metrics.counter({ name: 'einklang_spec_total', help: 'For this spec' }).inc();
  }
}

const config = {
  dataDir: '/nowhere',
  host: '127.0.0.1',
  httpPort: 0,
  grpcPort: 0,
  hashKey: Buffer.alloc(32),
  logLevel: 'silent' as const,
};

let service: RunningService;
let work: Work;

beforeAll(async () => {
  service = await startService(SpecModule, config);
  work = service.app.get(Work);
});
afterAll(() => service.stop());

const send = (
  method: string,
  path: string,
  body?: string | Buffer<ArrayBuffer>,
  headers: Record<string, string> = {},
) =>
  fetch(`${service.httpUrl}${path}`, {
    method,
    ...(body !== undefined && { body }),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  });
const post = (path: string, body?: string | Buffer<ArrayBuffer>, headers?: Record<string, string>) =>
  send('POST', path, body, headers);
const reserve = (body: unknown, headers?: Record<string, string>) =>
  post('/v1/stock/A1/reservations', JSON.stringify(body), headers);

/** Sends bytes that no client would send. Gives the head of the answer, its status among the headers, and its body. */
async function raw(request: string): Promise<[head: Record<string, string | number>, body: string]> {
  const [head = '', body = ''] = (await rawText(request)).split('\r\n\r\n', 2);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => line.split(/:\s*/, 2));
  return [{ ...Object.fromEntries(headers), status: Number(statusLine.split(' ')[1]) }, body];
}

async function rawText(request: string): Promise<string> {
  const socket = connect(Number(new URL(service.httpUrl).port), '127.0.0.1');
  socket.write(request);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = z.record(z.string(), z.unknown()).parse(await response.json());
  expect(problem).toMatchObject({ status: response.status, type: `urn:einklang:problem:${problem.code}` });
  expect(problem.correlationId).toBe(response.headers.get('x-correlation-id'));
  return problem;
}

describe('requests without fault', () => {
  it('hands on what the schemas make of path and body', async () => {
    const response = await post(
      `/v1/stock/${encodeURIComponent('Ä/1 x')}/reservations`,
      '{"quantity":2,"occurredAt":"2026-01-31T13:00:00+01:00"}',
    );
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ sku: 'Ä/1 x', quantity: 2 });
  });

  it('keeps the raw bytes for signature checks', async () => {
    const raw = '{ "a" :  "ü" }';
    const { signature } = (await (await post('/v1/stock/webhook', raw)).json()) as { signature: string };
    expect(signature).toBe(createHmac('sha256', 'secret').update(raw).digest('hex'));
  });

  it('takes 8 MiB where a route says so', async () => {
    const rows = Array.from({ length: 70 }, () => 'x'.repeat(100_000));
    expect(await (await post('/v1/stock/bulk', JSON.stringify(rows))).json()).toEqual({ rows: 70 });
  });

  it('takes the correlation id from traceparent, then from x-correlation-id, and else makes one', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const traced = await reserve(
      { quantity: 1 },
      { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'x-actor': 'till-7' },
    );
    expect(traced.headers.get('x-correlation-id')).toBe(traceId);
    expect(work.seen.at(-1)).toMatchObject({ correlationId: traceId, actor: 'till-7' });
    expect((await reserve({ quantity: 1 }, { 'x-correlation-id': 'order-5' })).headers.get('x-correlation-id')).toBe(
      'order-5',
    );
    const made = await reserve({ quantity: 1 }, { 'x-correlation-id': 'no good {}', 'x-actor': 'me@example.org' });
    expect(made.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(work.seen.at(-1)?.actor).toBe('anonymous');
  });

  it('pages through a list to its end', async () => {
    const positions: number[] = [];
    let cursor: string | undefined;
    do {
      const page: { items: { position: number }[]; nextCursor?: string } = JSON.parse(
        await (await send('GET', `/v1/stock?limit=50${cursor ? `&cursor=${cursor}` : ''}`)).text(),
      );
      positions.push(...page.items.map((item) => item.position));
      cursor = page.nextCursor;
    } while (cursor);
    expect(positions).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
  });
});

describe('bad input is answered with a problem and does nothing', () => {
  const json = (value: unknown) => JSON.stringify(value);
  it.each([
    ['2^53', '{"quantity":9007199254740992}', 'body', '#/quantity'],
    ['a fraction', '{"quantity":1.5}', 'body', '#/quantity'],
    ['a negative quantity', '{"quantity":-1}', 'body', '#/quantity'],
    ['zero', '{"quantity":0}', 'body', '#/quantity'],
    ['a number beyond any double', '{"quantity":1e999}', 'body', '#/quantity'],
    ['a text for a number', '{"quantity":"2"}', 'body', '#/quantity'],
    ['a missing field', '{}', 'body', '#/quantity'],
    ['a missing field within', json({ quantity: 1, price: { currency: 'EUR' } }), 'body', '#/price/amountMinor'],
    ['an unknown field', '{"quantity":1,"qty/~":2}', 'body', '#/qty~1~0'],
    ['an unknown field that is no Unicode', '{"quantity":1,"\\ud800":2}', 'body', '#/%EF%BF%BD'],
    ['a wrong currency', json({ quantity: 1, price: { amountMinor: 1, currency: 'XQQ' } }), 'body', '#/price/currency'],
    ['an instant that is none', '{"quantity":1,"occurredAt":"2026-02-30T00:00:00Z"}', 'body', '#/occurredAt'],
    ['null', 'null', 'body', '#'],
    ['a list', '[]', 'body', '#'],
  ])('%s: 400 with a pointer', async (_name, body, place, pointer) => {
    const times = work.times;
    const response = await post('/v1/stock/A1/reservations', body);
    expect(response.status).toBe(400);
    const problem = await problemOf(response);
    expect(problem.code).toBe('invalid-request');
    expect(problem.errors).toContainEqual({ in: place, pointer, message: expect.stringMatching(/^[A-Z].*\.?$/) });
    expect(work.times).toBe(times);
  });

  it('names a path parameter and a query field that are wrong', async () => {
    expect(await problemOf(await post('/v1/stock/A%00/reservations', '{"quantity":1}'))).toMatchObject({
      errors: [{ in: 'path', pointer: '#/sku' }],
    });
    const numbers = ['501', '0', 'x', '1.5', '0x10', '1e2', '%205', '5%20', '', '%2B5', '-0', '٣', '1&limit=2'];
    for (const query of [...numbers.map((number) => `limit=${number}`), 'lmit=5', 'cursor=%00', 'cursor=bm8']) {
      const problem = await problemOf(await send('GET', `/v1/stock?${query}`));
      expect(problem).toMatchObject({ status: 400, errors: [{ in: 'query', pointer: `#/${query.split('=')[0]}` }] });
    }
  });

  const route = '/v1/stock/A1/reservations';
  it.each<[name: string, status: number, code: string, request: () => Promise<Response>]>([
    ['a body of 10 MB', 413, 'body-too-large', () => post(route, json({ quantity: 1, note: 'x'.repeat(10_000_000) }))],
    ['10 MB in chunks on a bulk route', 413, 'body-too-large', () => chunked('/v1/stock/bulk', 10)],
    ['invalid UTF-8', 400, 'invalid-utf8', () => post(route, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))],
    ['invalid JSON', 400, 'invalid-json', () => post(route, '{"quantity":')],
    ['a JSON body without a byte where one is needed', 400, 'invalid-request', () => post(route, '')],
    ['__proto__', 400, 'invalid-json', () => post(route, '{"quantity":1,"__proto__":{"admin":true}}')],
    ['__proto__ in disguise', 400, 'invalid-json', () => post(route, '{"quantity":1,"price":{"\\u005f_proto__":1}}')],
    [
      'a form',
      415,
      'unsupported-media-type',
      () => post(route, 'quantity=1', { 'content-type': 'application/x-www-form-urlencoded' }),
    ],
    [
      'plain text',
      415,
      'unsupported-media-type',
      () => post(route, '{"quantity":1}', { 'content-type': 'text/plain' }),
    ],
    [
      'a content type that is none',
      415,
      'unsupported-media-type',
      () => post(route, '{"quantity":1}', { 'content-type': 'nonsense' }),
    ],
    ['an unknown route', 404, 'unknown-route', () => send('GET', '/v2/nothing')],
    ['an unknown route with a body', 404, 'unknown-route', () => post('/v2/nothing', '{}', { 'idempotency-key': 'k' })],
    ['a malformed address', 400, 'malformed-url', () => send('GET', '/v1/stock/%zz')],
    ['a method the path does not have', 405, 'method-not-allowed', () => send('DELETE', '/v1/stock/A1/reservations')],
    ['an unknown SKU', 404, 'unknown-sku', () => post('/v1/stock/faults/not-found')],
    ['a broken rule', 422, 'currency-mismatch', () => post('/v1/stock/faults/invalid')],
    ['a conflict', 409, 'insufficient-stock', () => post('/v1/stock/faults/conflict')],
    ['a lost race', 409, 'revision-conflict', () => post('/v1/stock/faults/revision')],
    ['something that is away', 503, 'channel-down', () => post('/v1/stock/faults/unavailable')],
  ])('%s', async (_name, status, code, request) => {
    expect(await problemOf(await request())).toMatchObject({ status, code, detail: expect.stringMatching(/[.]$/) });
  });

  it.each([
    ['a content type', { 'content-type': 'application/json' }],
    ['a content type and a length of 0', { 'content-type': 'application/json', 'content-length': '0' }],
    ['neither', {}],
  ])('takes a DELETE without a body, with %s', async (_, headers: Record<string, string>) => {
    const response = await send('DELETE', '/v1/stock/A1', undefined, headers);
    expect({ status: response.status, body: await response.json() }).toEqual({ status: 200, body: { sku: 'A1' } });
  });

  it('says which methods a path has', async () => {
    expect((await send('DELETE', route)).headers.get('allow')).toBe('POST');
  });

  it.each([
    ['QUERY', '/v1/stock', 'GET, HEAD'],
    ['TRACE', '/v1/stock', 'GET, HEAD'],
    // Written out as a route of POST, so it is no SKU.
    ['PUT', '/v1/stock/bulk', 'POST'],
    ['GET', '/v1/stock/bulk', 'POST'],
  ])('answers %s %s with 405 and the methods of that path alone', async (method, path, allow) => {
    const [head, body] = await raw(`${method} ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    expect([head.status, head.allow, JSON.parse(body).code]).toEqual([405, allow, 'method-not-allowed']);
  });

  it('takes a path as it is: what lies above ".." is another path, which does not exist', async () => {
    const [head, body] = await raw('GET /v1/nothing/../stock HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect([head.status, head.allow, JSON.parse(body).code]).toEqual([404, undefined, 'unknown-route']);
  });

  it.each<[name: string, status: number, code: string, request: string]>([
    ['bytes that are no HTTP', 400, 'malformed-request', 'hello\r\n\r\n'],
    ['a method that HTTP does not have', 400, 'malformed-request', 'FROB / HTTP/1.1\r\nhost: a\r\n\r\n'],
    ['a header line without a colon', 400, 'malformed-request', 'GET / HTTP/1.1\r\nhost: a\r\nnonsense\r\n\r\n'],
    [
      'two lengths',
      400,
      'malformed-request',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
    ],
    ['no host', 400, 'malformed-request', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n'],
    ['20 KiB of headers', 431, 'headers-too-large', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['a path of 20 KiB', 431, 'headers-too-large', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`],
    [
      'a path parameter of 3 KiB',
      414,
      'url-too-long',
      `POST /v1/stock/${'x'.repeat(3_000)}/reservations HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
    ],
  ])('answers %s with a problem document', async (_name, status, code, request) => {
    const [head, body] = await raw(request);
    expect([head.status, head['content-type']]).toEqual([status, expect.stringMatching(/^application\/problem\+json/)]);
    expect(JSON.parse(body)).toMatchObject({
      status,
      code,
      type: `urn:einklang:problem:${code}`,
      correlationId: head['x-correlation-id'],
      detail: expect.stringMatching(/[.]$/),
    });
  });

  it('answers a request with an expectation that it does not know as one without', async () => {
    const [head] = await raw('GET /v1/nothing HTTP/1.1\r\nhost: a\r\nexpect: 200-maybe\r\nconnection: close\r\n\r\n');
    expect([head.status, head['content-type']]).toEqual([404, expect.stringMatching(/^application\/problem\+json/)]);
  });

  it.each([
    ['application/json; charset=utf-8', 201],
    ['application/json;charset="UTF-8"', 201],
    ['APPLICATION/JSON', 201],
    ['application/json; charset=utf-16', 415],
    ['application/json; charset=iso-8859-1', 415],
  ])('answers a body of type %s with %i', async (contentType, status) => {
    expect((await post(route, '{"quantity":1}', { 'content-type': contentType })).status).toBe(status);
  });

  it('refuses a compressed body with a sentence, and says what it takes', async () => {
    const response = await post(route, gzipSync('{"quantity":1}'), { 'content-encoding': 'gzip' });
    expect([response.status, response.headers.get('accept-encoding')]).toEqual([415, 'identity']);
    expect(await problemOf(response)).toMatchObject({ code: 'unsupported-encoding' });
    expect((await post(route, '{"quantity":1}', { 'content-encoding': 'identity' })).status).toBe(201);
  });

  it.each([
    ['{"quantity":1,"quantity":2}', '"quantity"'],
    ['{"quantity":1,"price":{"currency":"EUR","amountMinor":1,"curr\\u0065ncy":"USD"}}', '"currency"'],
    ['{"quantity":1,"note":"\\\\","note":"a\\":"}', '"note"'],
  ])('refuses the field that %s has twice', async (body, name) => {
    const problem = await problemOf(await post(route, body));
    expect(problem).toMatchObject({ status: 400, code: 'duplicate-field', detail: expect.stringContaining(name) });
  });

  it('tells a field from a text that looks like one', async () => {
    const note = '"quantity": 1, \\"quantity\\" : {';
    expect((await reserve({ quantity: 1, note, price: { amountMinor: 1, currency: 'EUR' } })).status).toBe(201);
  });

  it.each(['away', 'full', 'cut', 'without a connection', 'read-only', 'in a deadlock', 'refusing'])(
    'answers that the database is %s with 503, and that the request may be repeated',
    async (fault) => {
      const response = await post(`/v1/stock/faults/${encodeURIComponent(fault)}`);
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await problemOf(response)).toMatchObject({ code: 'storage-unavailable' });
    },
  );

  it('says when to come back after 429', async () => {
    const response = await post('/v1/stock/faults/overloaded');
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '2']);
    expect(await problemOf(response)).toMatchObject({ code: 'overloaded' });
  });

  it('puts details beside the members of the document and never over them', async () => {
    const problem = await problemOf(await post('/v1/stock/faults/not-found?x=1'));
    expect(problem).toMatchObject({
      sku: 'NOPE',
      status: 404,
      title: 'Unknown sku',
      instance: '/v1/stock/faults/not-found',
    });
  });

  it('shows nothing of a fault but an id', async () => {
    const problem = await problemOf(await post('/v1/stock/faults/fault'));
    expect(problem).toMatchObject({ status: 500, code: 'internal-error' });
    expect(problem.detail).toContain(problem.correlationId);
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  it('names at most 50 of many wrong rows', async () => {
    const problem = await problemOf(await post('/v1/stock/bulk', JSON.stringify(Array(10_000).fill(1))));
    expect(problem.errors).toHaveLength(50);
  });
});

describe('Idempotency-Key', () => {
  const keyed = (key: string, body: unknown = { quantity: 1 }) => reserve(body, { 'idempotency-key': key });

  it('answers a repeat with the first answer and does the work once', async () => {
    const first = await keyed('once');
    const text = await first.text();
    const times = work.times;
    const repeat = await keyed('"once"');
    expect([repeat.status, repeat.headers.get('idempotency-replayed'), await repeat.text()]).toEqual([
      first.status,
      'true',
      text,
    ]);
    expect(repeat.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(work.times).toBe(times);
  });

  it('refuses the key with another body, and keeps keys of other routes apart', async () => {
    await keyed('reused');
    expect(await problemOf(await keyed('reused', { quantity: 2 }))).toMatchObject({
      status: 422,
      code: 'idempotency-key-reused',
    });
    const other = await post('/v1/stock/B2/reservations', '{"quantity":2}', { 'idempotency-key': 'reused' });
    expect(other.status).toBe(201);
  });

  it('says so while the first request is still at work', async () => {
    const gate = Promise.withResolvers<void>();
    const times = work.times;
    work.gate = gate.promise;
    const first = keyed('slow');
    while (work.times === times) await new Promise(setImmediate);
    const meanwhile = await keyed('slow').finally(gate.resolve);
    expect(meanwhile.headers.get('retry-after')).toBe('1');
    expect(await problemOf(meanwhile)).toMatchObject({ status: 409, code: 'request-in-progress' });
    expect((await first).status).toBe(201);
    expect((await keyed('slow')).headers.get('idempotency-replayed')).toBe('true');
  });

  it('replays a refusal as the problem it was', async () => {
    const refuse = () => post('/v1/stock/faults/conflict', undefined, { 'idempotency-key': 'refused' });
    const first = await problemOf(await refuse());
    const repeat = await refuse();
    expect(repeat.headers.get('idempotency-replayed')).toBe('true');
    expect(await repeat.json()).toEqual(first);
  });

  it.each(['overloaded', 'unavailable', 'revision', 'fault'])(
    'lets a request that failed with %s run again',
    async (kind) => {
      const fail = () => post(`/v1/stock/faults/${kind}`, undefined, { 'idempotency-key': `again-${kind}` });
      await fail();
      const times = work.times;
      expect((await fail()).headers.get('idempotency-replayed')).toBeNull();
      expect(work.times).toBe(times + 1);
    },
  );

  it('keeps the key free after a body that was wrong', async () => {
    expect((await keyed('mended', { quantity: 0 })).status).toBe(400);
    expect((await keyed('mended')).status).toBe(201);
  });

  it.each(['""', 'x'.repeat(256), 'has blank'])('refuses the key %j', async (key) => {
    expect(await problemOf(await keyed(key))).toMatchObject({ status: 400, code: 'invalid-idempotency-key' });
  });

  it('makes the same command id of the same key, and others of other keys or of none', async () => {
    const commandId = async (response: Promise<Response>) =>
      ((await (await response).json()) as { commandId: string }).commandId;
    const id = await commandId(keyed('command'));
    service.app.get<MemoryIdempotencyStore>(IDEMPOTENCY_STORE, { strict: false }).clear();
    expect(await commandId(keyed('command'))).toBe(id);
    expect(
      new Set([
        id,
        await commandId(keyed('other')),
        await commandId(reserve({ quantity: 1 })),
        await commandId(reserve({ quantity: 1 })),
      ]).size,
    ).toBe(4);
  });
});

/** Codes of problems by status. */
const codesIn = (operation: { responses: Record<string, { content?: Record<string, { examples?: object }> }> }) =>
  Object.fromEntries(
    Object.entries(operation.responses).flatMap(([status, { content }]) => {
      const examples = content?.['application/problem+json']?.examples;
      return examples ? [[status, Object.keys(examples)]] : [];
    }),
  );

describe('reads', () => {
  const list = (headers: Record<string, string> = {}) => send('GET', '/v1/stock?limit=500', undefined, headers);

  it('carry an ETag, and are answered with 304 and no body while nothing has changed', async () => {
    const etag = (await list()).headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"[\w-]{20,}"$/);
    expect((await send('GET', '/v1/stock?limit=1')).headers.get('etag')).not.toBe(etag);
    for (const known of [etag, `"other", ${etag}`, etag.slice(2), '*']) {
      const response = await list({ 'if-none-match': known });
      expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', etag]);
    }
    expect((await list({ 'if-none-match': '"other"' })).status).toBe(200);
    expect((await reserve({ quantity: 1 }, { 'if-none-match': '*' })).status).toBe(201);
  });

  it.each([
    ['gzip', 'gzip'],
    ['br;q=1.0, gzip;q=0.5', 'gzip'],
    ['*', 'gzip'],
    ['identity', null],
    ['gzip;q=0', null],
  ])('are compressed for who accepts %s: %s', async (accepted, encoding) => {
    const plain = await (await list({ 'accept-encoding': 'identity' })).text();
    const response = await list({ 'accept-encoding': accepted });
    expect([response.headers.get('content-encoding'), response.headers.get('vary')]).toEqual([
      encoding,
      'accept-encoding',
    ]);
    expect(await response.text()).toBe(plain);
    expect((await send('GET', '/health/live')).headers.get('content-encoding')).toBeNull();
  });

  it('are answered once each on a connection that goes on', async () => {
    const get = 'GET /v1/stock?limit=500 HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n';
    const [, , ...rest] = (await rawText(`${get}\r\n${get}connection: close\r\n\r\n`)).split('HTTP/1.1 200');
    expect(rest).toHaveLength(1);
  });
});

describe('what operators and readers see', () => {
  it('describes requests, answers and problems in OpenAPI', async () => {
    const document = JSON.parse(await (await send('GET', '/docs-json')).text());
    const operation = document.paths['/v1/stock/{sku}/reservations'].post;
    expect(operation.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/ReserveStock',
    });
    expect(document.components.schemas.ReserveStock).toMatchObject({
      additionalProperties: false,
      required: ['quantity'],
      properties: {
        quantity: { type: 'integer', minimum: 1, maximum: 1_000_000_000 },
        price: { allOf: [{ $ref: '#/components/schemas/Money' }] },
      },
    });
    expect(operation.responses['201'].content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/Reservation',
    });
    expect(
      operation.responses['409'].content['application/problem+json'].examples['insufficient-stock'].value,
    ).toMatchObject({ status: 409 });
    expect(codesIn(operation)).toMatchObject({
      400: expect.arrayContaining(['invalid-request', 'invalid-json', 'duplicate-field', 'invalid-idempotency-key']),
      404: ['unknown-sku'],
      405: ['method-not-allowed'],
      409: ['insufficient-stock', 'revision-conflict', 'request-in-progress'],
      413: ['event-too-large', 'body-too-large'],
      415: ['unsupported-media-type', 'unsupported-encoding', 'unsupported-charset'],
      422: ['idempotency-key-reused'],
      429: ['overloaded'],
      431: ['headers-too-large'],
      500: ['internal-error'],
      503: expect.arrayContaining(['storage-unavailable']),
    });
    expect(operation.responses['503'].headers).toHaveProperty('Retry-After');
    expect(codesIn(document.paths['/v1/stock'].get)).not.toHaveProperty('409');
    expect(operation.parameters.map((parameter: { name: string }) => parameter.name)).toEqual([
      'sku',
      'Idempotency-Key',
    ]);
    expect(document.paths['/v1/stock'].get.parameters).toMatchObject([
      { name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 } },
      { name: 'cursor' },
      { name: 'If-None-Match' },
    ]);
    expect(document.components.schemas.Problem.properties.code).toMatchObject({ type: 'string' });
  });

  it('serves Swagger UI from its own files', async () => {
    const page = await (await send('GET', '/docs')).text();
    const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      const response = await fetch(new URL(asset, `${service.httpUrl}/docs`));
      expect([response.status, (await response.bytes()).length > 0]).toEqual([200, true]);
    }
    expect(assets).toEqual(assets.map(() => expect.stringMatching(/^\.\//)));
  });

  it('reports health with the detail of every check, and not ready when one fails', async () => {
    expect(await (await send('GET', '/health/live')).json()).toEqual({ status: 'live' });
    expect(await (await send('GET', '/health/ready')).json()).toEqual({
      status: 'ready',
      checks: { 'event-store': { healthy: true, detail: { head: 7 } } },
    });
    let failing = true;
    service.app.get(HealthChecks).add('flaky', () => {
      if (failing) throw new Error('away');
      return { healthy: true };
    });
    const response = await send('GET', '/health/ready');
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      status: 'not-ready',
      checks: { flaky: { healthy: false, detail: { error: 'away' } } },
    });
    failing = false;
    expect((await send('GET', '/health/ready')).status).toBe(200);
    let degraded = true;
    service.app
      .get(HealthChecks)
      .add('views', () => ({ healthy: true, degraded, detail: { stock: '1 events parked' } }));
    const serving = await send('GET', '/health/ready');
    expect([serving.status, await serving.json()]).toMatchObject([
      200,
      { status: 'degraded', checks: { views: { detail: { stock: '1 events parked' } } } },
    ]);
    degraded = false;
  });

  it('shows metrics, one per name, and the time of requests by route', async () => {
    await reserve({ quantity: 1 });
    const text = await (await send('GET', '/metrics')).text();
    expect(text).toContain('einklang_spec_total 2');
    expect(text).toMatch(
      /einklang_http_request_duration_seconds_count\{method="POST",route="\/v1\/stock\/:sku\/reservations",status="201"\} \d+/,
    );
    expect(text).toContain('process_cpu_seconds_total');
  });
});

describe('a service that stops', () => {
  it('answers what it has begun, refuses what comes after, and then closes the rest', async () => {
    const shutdown = new Shutdown();
    const order: string[] = [];
    shutdown.onShutdown('opened first', () => void order.push('opened first'));
    const stopping = await startService(SpecModule, config, { shutdown });
    const stoppingWork = stopping.app.get(Work);
    const gate = Promise.withResolvers<void>();
    stoppingWork.gate = gate.promise;
    stoppingWork.finished = () => order.push('answered');
    const url = `${stopping.httpUrl}/v1/stock/A1/reservations`;
    const request = { method: 'POST', body: '{"quantity":1}', headers: { 'content-type': 'application/json' } };
    const inFlight = fetch(url, request);
    while (stoppingWork.times === 0) await new Promise(setImmediate);
    const intakeStillOpen = Promise.withResolvers<void>();
    shutdown.onShutdown('hold', () => intakeStillOpen.promise);
    const stopped = stopping.stop();
    const late = await fetch(url, request);
    const ready = await fetch(`${stopping.httpUrl}/health/ready`);
    intakeStillOpen.resolve();
    while (stopping.app.getHttpServer().listening) await new Promise(setImmediate);
    gate.resolve();
    expect(await problemOf(late)).toMatchObject({ status: 503, code: 'stopping' });
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'stopping', checks: {} }]);
    const answered = await inFlight;
    expect([answered.status, answered.headers.get('connection')]).toEqual([201, 'close']);
    expect(await stopped).toBe(true);
    expect(order).toEqual(['answered', 'opened first']);
  });

  it('says what is missing when no module remembers requests', async () => {
    @Module({})
    class Forgetful {}
    const error: unknown = await startService(Forgetful, config).catch((cause: unknown) => cause);
    expect(String(error)).toContain('idempotency store');
  });
});

/** A body of `mebibytes` without a Content-Length. */
function chunked(path: string, mebibytes: number): Promise<Response> {
  const chunks = Array.from({ length: mebibytes }, () => Buffer.alloc(1_048_576, 0x20));
  return fetch(`${service.httpUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: ReadableStream.from(chunks),
    duplex: 'half',
  });
}
