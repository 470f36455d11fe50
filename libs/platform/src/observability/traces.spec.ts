import { fileURLToPath } from 'node:url';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Module, Param } from '@nestjs/common';
import { GrpcMethod, Payload } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';
import type { EventMetadata } from '#event-sourcing';
import { RecordingTracer } from '#testing';
import { PinoLogger, type RunningService, startService } from '../host.js';
import { CommandMetadata, IDEMPOTENCY_STORE, MemoryIdempotencyStore } from '../index.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const traced = `00-${TRACE_ID}-${CALLER}-01`;
const unsampled = `00-${TRACE_ID}-${CALLER}-00`;

const logger = new Logger('Spec');
interface Echo {
  readonly text: string;
  readonly quantity: number;
}

@Controller()
class EchoController {
  @Get('v1/echo/:text')
  async get(@Param('text') text: string, @CommandMetadata() { traceparent }: EventMetadata): Promise<object> {
    logger.log('Echoing');
    if (text === 'fault') throw new Error('ada@example.org');
    return { traceparent };
  }

  @GrpcMethod('EchoService', 'Echo')
  async echo(@Payload() { text }: Echo, @CommandMetadata() { traceparent = '' }: EventMetadata): Promise<object> {
    if (text === 'fault') throw new Error('ada@example.org');
    return { text: traceparent };
  }

  @GrpcMethod('EchoService', 'Count')
  count(@Payload() { quantity }: Echo): Observable<object> {
    return from(Array.from({ length: quantity }, (_, index) => ({ text: '', quantity: index })));
  }
}

@Module({
  controllers: [EchoController],
  providers: [{ provide: IDEMPOTENCY_STORE, useClass: MemoryIdempotencyStore }],
})
class SpecModule {}

const proto = fileURLToPath(new URL('../grpc/echo.spec.proto', import.meta.url));
const config = {
  dataDir: '/nowhere',
  host: '127.0.0.1',
  httpPort: 0,
  grpcPort: 0,
  hashKey: Buffer.alloc(32),
  logLevel: 'silent' as const,
};

describe('a request', () => {
  let tracer: RecordingTracer;
  let service: RunningService;
  let client: Client;
  const lines: string[] = [];

  beforeAll(async () => {
    tracer = new RecordingTracer();
    service = await startService(SpecModule, config, {
      grpc: { packages: ['einklang.spec.v1'], protoFiles: [proto] },
    });
    Logger.overrideLogger(new PinoLogger('info', { write: (line) => void lines.push(line) }));
    client = new Client(`127.0.0.1:${service.grpcPort}`, credentials.createInsecure());
  });
  beforeEach(() => {
    tracer.steps.length = 0;
    lines.length = 0;
  });
  afterAll(async () => {
    Logger.overrideLogger(false);
    tracer.stop();
    client.close();
    await service.stop();
  });

  const get = (path: string, traceparent?: string) =>
    fetch(`${service.httpUrl}${path}`, traceparent === undefined ? {} : { headers: { traceparent } });

  describe('over HTTP', () => {
    it('continues the trace of its caller into its commands and its log lines', async () => {
      const answer = await (await get('/v1/echo/hello', traced)).json();
      expect(tracer.steps).toEqual([
        {
          name: 'GET /v1/echo/:text',
          kind: 'server',
          traceId: TRACE_ID,
          spanId: expect.any(String),
          parentId: CALLER,
          attributes: {
            'http.request.method': 'GET',
            'http.route': '/v1/echo/:text',
            'http.response.status_code': 200,
          },
        },
      ]);
      expect(answer).toEqual({ traceparent: `00-${TRACE_ID}-${tracer.steps[0]?.spanId}-01` });
      expect(lines.map((line) => JSON.parse(line))).toMatchObject([
        { msg: 'Echoing', correlationId: TRACE_ID, traceId: TRACE_ID },
      ]);
    });

    it('begins a trace where its caller has none, and heeds one who wants none', async () => {
      await get('/v1/echo/hello');
      expect(tracer.steps).toMatchObject([{ parentId: undefined }]);
      expect(await (await get('/v1/echo/hello', unsampled)).json()).toEqual({});
      expect(tracer.steps).toHaveLength(1);
    });

    it('is an error where the fault is ours, without the words of the error', async () => {
      await get('/v1/echo/fault', traced);
      await get('/v1/nothing', traced);
      expect(tracer.steps).toMatchObject([
        { attributes: { 'http.response.status_code': 500 }, error: '500' },
        { name: 'GET unknown', attributes: { 'http.response.status_code': 404 } },
      ]);
      expect(tracer.steps[1]).not.toHaveProperty('error');
      expect(JSON.stringify(tracer.steps)).not.toContain('ada@example.org');
    });

    it('of an orchestrator or of Prometheus is no trace', async () => {
      for (const path of ['/health/live', '/health/ready', '/metrics']) await get(path, traced);
      expect(tracer.steps).toEqual([]);
    });
  });

  describe('over gRPC', () => {
    const definition = loadSync(proto, { defaults: true });
    const methodOf = (name: string) => Object(definition['einklang.spec.v1.EchoService'])[name];
    const metadata = () => {
      const given = new Metadata();
      given.set('traceparent', traced);
      return given;
    };

    const echo = (text: string): Promise<{ text: string }> => {
      const { path, requestSerialize, responseDeserialize } = methodOf('Echo');
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          { text, quantity: 1 },
          metadata(),
          (error: ServiceError | null, answer) => (error ? reject(error) : resolve(Object(answer))),
        );
      });
    };

    it('continues the trace of its caller', async () => {
      const { text } = await echo('hello');
      expect(tracer.steps).toMatchObject([
        {
          name: 'einklang.spec.v1.EchoService/Echo',
          kind: 'server',
          traceId: TRACE_ID,
          parentId: CALLER,
          attributes: { 'rpc.system': 'grpc', 'rpc.grpc.status_code': status.OK },
        },
      ]);
      expect(text).toBe(`00-${TRACE_ID}-${tracer.steps[0]?.spanId}-01`);
    });

    it('is an error where the fault is ours', async () => {
      await expect(echo('fault')).rejects.toMatchObject({ code: status.INTERNAL });
      expect(tracer.steps).toMatchObject([
        { attributes: { 'rpc.grpc.status_code': status.INTERNAL }, error: 'INTERNAL' },
      ]);
    });

    it('is one step for a whole stream', async () => {
      const { path, requestSerialize, responseDeserialize } = methodOf('Count');
      const stream = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        { text: '', quantity: 5 },
        metadata(),
      );
      expect(await stream.toArray()).toHaveLength(5);
      expect(tracer.steps).toMatchObject([
        { name: 'einklang.spec.v1.EchoService/Count', attributes: { 'rpc.grpc.status_code': status.OK } },
      ]);
    });
  });
});
