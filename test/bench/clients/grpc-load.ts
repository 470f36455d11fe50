import { fileURLToPath } from 'node:url';
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { closedLoop, type LoadResult } from '../support/load.js';

interface ReserveRequest {
  readonly sku: string;
  readonly channel: string;
  readonly units: number;
  readonly ttlSeconds: number;
}

interface StreamReply {
  readonly reserved?: object;
  readonly problem?: { readonly code: string; readonly detail: string };
}

interface StockClient {
  Reserve(request: ReserveRequest, done: (error: ServiceError | null) => void): void;
  ReserveStream(): ClientDuplexStream<ReserveRequest, StreamReply>;
  WatchAvailability(request: object): ClientReadableStream<Availability>;
  close(): void;
}

export interface Availability {
  readonly sku: string;
  /** Units per channel. */
  readonly available: Readonly<Record<string, number>>;
}

/** Follows what every channel may show, from the first SKU on, until the signal aborts. */
export function watchAvailability(
  port: number,
  { signal, onChange }: { readonly signal: AbortSignal; readonly onChange: (change: Availability) => void },
): void {
  const client = stockClient(port);
  const call = client.WatchAvailability({ afterSequence: 0, skus: [] });
  call.on('data', onChange);
  call.on('error', (error) => {
    if (!signal.aborted) throw error;
  });
  signal.addEventListener('abort', () => {
    call.cancel();
    client.close();
  });
}

export interface GrpcLoad {
  readonly port: number;
  readonly request: ReserveRequest;
  readonly inFlight: number;
  readonly seconds: number;
}

/** Unary Reserve, a fixed number in flight. */
export async function unaryLoad({ port, request, inFlight, seconds }: GrpcLoad): Promise<LoadResult> {
  const client = stockClient(port);
  const operation = () =>
    new Promise<void>((resolve, reject) => client.Reserve(request, (error) => (error ? reject(error) : resolve())));
  try {
    return await closedLoop({ inFlight, seconds, operation });
  } finally {
    client.close();
  }
}

/** One ReserveStream with a fixed number of requests unanswered. Answers come in the order of the requests. */
export async function streamLoad({ port, request, inFlight, seconds }: GrpcLoad): Promise<LoadResult> {
  const client = stockClient(port);
  const call = client.ReserveStream();
  const waiting: PromiseWithResolvers<void>[] = [];
  let answered = 0;
  const fail = (error: Error) => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  call.on('error', fail);
  call.on('data', ({ problem }: StreamReply) => {
    const next = waiting[answered];
    answered += 1;
    if (problem) next?.reject(new Error(`${problem.code}: ${problem.detail}`));
    else next?.resolve();
    if (answered === COMPACT_AFTER) answered -= waiting.splice(0, COMPACT_AFTER).length;
  });
  const operation = () => {
    const answer = Promise.withResolvers<void>();
    waiting.push(answer);
    call.write(request);
    return answer.promise;
  };
  try {
    return await closedLoop({ inFlight, seconds, operation });
  } finally {
    call.end();
    client.close();
  }
}

const COMPACT_AFTER = 10_000;
const PROTO_ROOT = fileURLToPath(new URL('../../../libs/contracts/proto/', import.meta.url));

function stockClient(port: number): StockClient {
  const options = { includeDirs: [PROTO_ROOT], longs: Number, oneofs: true };
  const loaded = loadPackageDefinition(loadSync('einklang/inventory/v1/stock.proto', options)) as unknown as {
    einklang: { inventory: { v1: { Stock: new (address: string, security: object) => StockClient } } };
  };
  return new loaded.einklang.inventory.v1.Stock(`127.0.0.1:${port}`, credentials.createInsecure());
}
