import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Post, Put } from '@nestjs/common';
import { CommandBus, CqrsModule, QueryBus } from '@nestjs/cqrs';
import { z } from 'zod';
import type { Decider, DomainEvent } from '#event-sourcing';
import { Rejected } from '#kernel';
import {
  channelIdSchema,
  Executes,
  IDEMPOTENCY_STORE,
  Input,
  type InputOf,
  isoInstant,
  MemoryIdempotencyStore,
  messagesOf,
  quantity,
  quantityOrNone,
  ServiceSlices,
  SliceCommandHandler,
  type SliceParts,
  SliceQueryHandler,
  Slices,
  skuSchema,
  takeExpectedRevision,
} from '../index.js';
import { openApiOf } from '../openapi.js';
import { type RunningService, startService } from '../start.js';

interface SetBuffer {
  readonly type: 'SetBuffer';
  readonly channel: string;
  readonly units: number;
}
interface BufferSet extends DomainEvent {
  readonly type: 'BufferSet';
}
const buffers: Decider<SetBuffer, BufferSet, undefined> = {
  category: 'buffer',
  eventTypes: ['BufferSet'],
  initialState: () => undefined,
  decide: (command) => [{ type: 'BufferSet', data: command }],
  evolve: () => undefined,
};

interface Parts extends SliceParts {
  readonly closed: ReadonlySet<string>;
}
const shop = new ServiceSlices<Parts>('shop');
const bufferCommand = shop.commandsOn({
  on: buffers,
  path: { sku: skuSchema },
  id: ({ sku }) => sku,
  answer: z.object({ sku: z.string(), revision: z.int() }),
  answerOf: (sku, { revision }) => ({ sku, revision }),
});
const setBuffer = bufferCommand({
  name: 'SetBuffer',
  summary: 'Keep units back',
  path: { channel: channelIdSchema },
  body: z.strictObject({ units: quantityOrNone, occurredAt: isoInstant.optional() }),
  refusals: { conflict: ['channel-closed'] },
  command: ({ channel, units }, { closed }) => {
    if (closed.has(channel)) throw new Rejected('conflict', 'channel-closed', 'It is closed.');
    return { type: 'SetBuffer', channel, units };
  },
});
const order = shop.command({
  name: 'Order',
  summary: 'Order lines',
  body: z.strictObject({
    lines: z.array(z.strictObject({ sku: skuSchema, units: quantity, note: z.string().optional() })).min(1),
    due: z.int().min(1).default(7),
  }),
  answer: z.object({ units: z.int(), due: z.int(), commandId: z.string() }).meta({ id: 'Ordered' }),
  status: 201,
  execute: ({ lines, due }, _, { commandId }) => ({
    units: lines.reduce((sum, { units }) => sum + units, 0),
    due,
    commandId,
  }),
});
const found = shop.query({
  name: 'FoundChannels',
  summary: 'Which channels are closed',
  query: z.strictObject({ channel: channelIdSchema.optional() }),
  answer: z.object({ closed: z.array(z.string()) }),
  execute: ({ channel }, { closed }) => ({ closed: [...closed].filter((each) => each === (channel ?? each)) }),
});

const person = shop.query({
  name: 'KnownPerson',
  summary: 'By one of two things',
  body: z.union([z.strictObject({ email: z.string() }), z.strictObject({ phone: z.string() })]),
  answer: z.object({}),
  execute: () => ({}),
});

@Controller('v1')
class ShopController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Put('buffers/:sku/:channel')
  @Executes(setBuffer)
  setBuffer(@Input() input: InputOf<typeof setBuffer>) {
    return this.commands.execute(setBuffer(input));
  }

  @Post('orders')
  @Executes(order)
  order(@Input() input: InputOf<typeof order>) {
    return this.commands.execute(order(input));
  }

  @Get('channels')
  @Executes(found)
  found(@Input() input: InputOf<typeof found>) {
    return this.queries.execute(found(input));
  }

  @Get('forgotten')
  forgotten(@Input() input: InputOf<typeof found>) {
    return this.queries.execute(found(input));
  }
}

const sent: { id: string; command: unknown; occurredAt: string }[] = [];
const slices = new Slices();
shop.serve(slices, {
  closed: new Set(['etsy']),
  commands: {
    execute: async ({ id, command, metadata: { occurredAt } }) => {
      sent.push({ id, command, occurredAt });
      return { events: [], revision: 4, position: 9, repeated: false };
    },
  },
});

@Module({
  imports: [CqrsModule.forRoot()],
  controllers: [ShopController],
  providers: [
    { provide: Slices, useValue: slices },
    { provide: IDEMPOTENCY_STORE, useFactory: () => new MemoryIdempotencyStore() },
    SliceCommandHandler,
    SliceQueryHandler,
  ],
})
class ShopModule {}

let service: RunningService;
beforeAll(async () => {
  service = await startService(ShopModule, {
    dataDir: '/nowhere',
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    hashKey: Buffer.alloc(32),
    logLevel: 'silent',
  });
});
afterAll(() => service.stop());

async function ask(method: string, path: string, body?: unknown) {
  const response = await fetch(`${service.httpUrl}/v1/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return { status: response.status, body: z.record(z.string(), z.unknown()).parse(await response.json()) };
}

describe('a command that is declared as a slice', () => {
  it('becomes one command on the aggregate that its path names, of the time it states', async () => {
    const occurredAt = '2026-01-31T12:00:00.000Z';
    const answer = await ask('PUT', 'buffers/A%2F1/ebay', { units: 3, occurredAt });
    expect(answer).toEqual({ status: 200, body: { sku: 'A/1', revision: 4 } });
    expect(sent.at(-1)).toEqual({ id: 'A/1', command: { type: 'SetBuffer', channel: 'ebay', units: 3 }, occurredAt });
  });

  it('is refused by what its service knows', async () => {
    expect(await ask('PUT', 'buffers/A/etsy', { units: 3 })).toMatchObject({
      status: 409,
      body: { code: 'channel-closed' },
    });
  });

  it('answers with its status what its schema makes of the body', async () => {
    expect(await ask('POST', 'orders', { lines: [{ sku: 'A', units: 2 }] })).toMatchObject({
      status: 201,
      body: { units: 2, due: 7, commandId: expect.any(String) },
    });
  });

  it('is refused with everything that is wrong in its path and its body', async () => {
    const { status, body } = await ask('PUT', 'buffers/A/EBAY', { units: -1, unit: 1 });
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([
      { in: 'path', pointer: '#/channel' },
      { in: 'body', pointer: '#/units' },
      { in: 'body', pointer: '#/unit' },
    ]);
  });
});

describe('a question that is declared as a slice', () => {
  it('is answered from its query string', async () => {
    expect((await ask('GET', 'channels')).body).toEqual({ closed: ['etsy'] });
    expect((await ask('GET', 'channels?channel=ebay')).body).toEqual({ closed: [] });
    expect(await ask('GET', 'channels?chanel=ebay')).toMatchObject({
      status: 400,
      body: { errors: [{ in: 'query', pointer: '#/chanel' }] },
    });
  });
});

describe('a slice', () => {
  it('documents its route', () => {
    const { paths } = openApiOf(service.app);
    expect(paths['/v1/buffers/{sku}/{channel}']?.put).toMatchObject({
      operationId: 'setBuffer',
      summary: 'Keep units back',
      tags: ['shop'],
      parameters: expect.arrayContaining([
        expect.objectContaining({ name: 'sku', in: 'path', required: true }),
        expect.objectContaining({ name: 'channel', in: 'path', required: true }),
      ]),
      requestBody: { content: { 'application/json': { schema: { required: ['units'] } } } },
      responses: { 200: {}, 409: { description: expect.stringContaining('channel-closed') } },
    });
    expect(paths['/v1/orders']?.post).toMatchObject({
      responses: { 201: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Ordered' } } } } },
    });
    expect(paths['/v1/channels']?.get?.parameters).toContainEqual(
      expect.objectContaining({ name: 'channel', in: 'query', required: false }),
    );
  });

  it('states what a command for one aggregate takes and answers, and nothing of it for another', () => {
    const { paths } = openApiOf(service.app);
    const buffer = paths['/v1/buffers/{sku}/{channel}']?.put;
    expect(buffer?.parameters).toContainEqual(expect.objectContaining({ name: 'If-Match', in: 'header' }));
    expect(Object.keys(buffer?.responses ?? {})).toContain('412');
    const other = paths['/v1/orders']?.post;
    expect(other?.parameters).not.toContainEqual(expect.objectContaining({ name: 'If-Match' }));
    expect(Object.keys(other?.responses ?? {})).not.toContain('412');
  });

  it.each([
    [{ sku: 'A', expectedRevision: 0, _expectedRevision: 'expectedRevision' }, { expectedRevision: 0 }],
    [{ sku: 'A', _expectedRevision: undefined }, {}],
  ])('takes the revision that was read out of the message %j', (message, expectation) => {
    expect(takeExpectedRevision(message)).toEqual(expectation);
    expect(message).toEqual({ sku: 'A' });
  });

  it('reads messages of gRPC, in which nothing stands for what may be absent', () => {
    const read = messagesOf(order);
    expect(messagesOf(setBuffer)({ sku: 'A', channel: 'ebay', units: 0, occurredAt: '' })).toEqual({
      sku: 'A',
      channel: 'ebay',
      units: 0,
    });
    expect(read({ lines: [{ sku: 'A', units: 1, note: '' }], due: 0 })).toEqual({
      lines: [{ sku: 'A', units: 1 }],
      due: 7,
    });
    expect(() => read({ lines: [{ sku: 'A', units: 0, note: '' }], due: 0 })).toThrow('Send at least 1.');
  });

  it('reads messages that hold one of several sets of fields', () => {
    expect(messagesOf(person)({ email: '', phone: '+49 30' })).toEqual({ phone: '+49 30' });
    expect(() => messagesOf(person)({ email: 'a', phone: 'b' })).toThrow();
  });

  it('is answered with an error where its service is not in the process', async () => {
    const other = new ServiceSlices<Parts>('other').query({
      ...found.shape,
      answer: z.object({}),
      execute: () => ({}),
    });
    const bus = service.app.get(QueryBus, { strict: false });
    await expect(bus.execute(other({ input: {} }))).rejects.toThrow('Nothing serves the slices of other');
  });

  it('must be named by the method that takes its input', async () => {
    expect(await ask('GET', 'forgotten')).toMatchObject({ status: 500 });
    expect(() => Executes(found)({}, 'found', {})).toThrow('needs a parameter with @Input()');
  });
});
