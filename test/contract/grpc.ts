import { run } from '../tools/run.js';
import type { Tally } from './rest.js';

const STOCK = 'einklang.inventory.v1.Stock';

/** What grpcurl, which knows nothing but the reflection of the server, has to be answered. */
interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly path: string;
  readonly answer: RegExp;
}

const describes = (symbol: string, answer: RegExp): Case => ({
  name: `describe ${symbol}`,
  args: [],
  path: `describe ${symbol}`,
  answer,
});
const calls = (
  method: string,
  message: object,
  answer: RegExp,
  headers: Readonly<Record<string, string>> = {},
): Case => ({
  name: `${method} ${JSON.stringify(message)}`,
  args: [
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    '-d',
    JSON.stringify(message),
  ],
  path: `${STOCK}/${method}`,
  answer,
});

const HOLD = { sku: '85123A', channel: 'web-shop', units: 1 };
const KEY = { 'idempotency-key': 'contract-1' };

const CASES: readonly Case[] = [
  { name: 'list', args: [], path: 'list', answer: /^einklang\.inventory\.v1\.Stock\ngrpc\.health\.v1\.Health\n$/ },
  describes(STOCK, /rpc WatchAvailability \( \.einklang\.inventory\.v1\.WatchAvailabilityRequest \) returns \( stream/),
  describes('einklang.inventory.v1.Availability', /int64 stock_revision = 2;.*map<string, int64> available = 4;/s),
  describes('einklang.inventory.v1.ReserveStreamReply', /oneof result \{.*Problem problem = 2;/s),
  describes('grpc.health.v1.Health', /rpc Check/),
  { name: 'health', args: [], path: 'grpc.health.v1.Health/Check', answer: /"status": "SERVING"/ },
  calls('Reserve', HOLD, /"stockRevision": "\d+"/, KEY),
  calls('Reserve', HOLD, /"repeated": true/, KEY),
  calls('Reserve', { ...HOLD, units: 2 }, /Code: AlreadyExists/, KEY),
  calls('Reserve', { ...HOLD, sku: 'UNKNOWN' }, /Code: NotFound/),
  calls('Reserve', { ...HOLD, units: 1_000_000_000 }, /Code: FailedPrecondition/),
  calls('Reserve', { ...HOLD, units: 0 }, /Code: InvalidArgument/),
  calls('Reserve', { ...HOLD, units: '9223372036854775807' }, /Code: InvalidArgument/),
  calls('ReserveStream', HOLD, /"reserved": \{/),
  calls('Confirm', { sku: '85123A', reservationId: 'cart-1', channel: 'web-shop', orderId: 'o-1' }, /"stockRevision"/),
  calls('Release', { sku: '85123A', reservationId: 'nothing' }, /Code: NotFound/),
  calls('GetAvailability', { skus: ['85123A'] }, /"available": \{.*"web-shop": "\d+"/s),
  calls('WatchAvailability', { afterSequence: '9007199254740991' }, /Code: OutOfRange/),
];

export async function askByGrpc(grpcurl: string, port: number): Promise<Tally> {
  let failed = 0;
  for (const { name, args, path, answer } of CASES) {
    const { output } = await run(grpcurl, [
      '-plaintext',
      '-max-time',
      '10',
      ...args,
      `127.0.0.1:${port}`,
      ...path.split(' '),
    ]);
    const sound = answer.test(output);
    if (!sound) failed += 1;
    process.stdout.write(`grpcurl ${sound ? 'ok    ' : 'FAILED'} ${name}\n${sound ? '' : `${output}\n`}`);
  }
  return { passed: CASES.length - failed, failed };
}
