import { run } from '../tools/run.js';
import type { Tally } from './rest.js';

const STOCK = 'einklang.inventory.v1.Stock';
const ORDERS = 'einklang.orders.v1.Orders';
const CATALOG = 'einklang.catalog.v1.Catalog';
const TRANSFERS = 'einklang.inventory.v1.Transfers';
const CUSTOMERS = 'einklang.customers.v1.Customers';

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
/** Calls methods of one service; several messages are a stream. */
const callsOf =
  (service: string) =>
  (
    method: string,
    messages: object | readonly object[],
    answer: RegExp,
    headers: Readonly<Record<string, string>> = {},
  ): Case => ({
    name: `${service}/${method} ${JSON.stringify(messages)}`,
    args: [
      ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
      '-d',
      [messages]
        .flat()
        .map((message) => JSON.stringify(message))
        .join(' '),
    ],
    path: `${service}/${method}`,
    answer,
  });
const calls = callsOf(STOCK);
const callsOrders = callsOf(ORDERS);
const callsCatalog = callsOf(CATALOG);
const callsCustomers = callsOf(CUSTOMERS);

const HOLD = { sku: '85123A', channel: 'web-shop', units: 1 };
const KEY = { 'idempotency-key': 'contract-1' };
const CART = {
  channel: 'web-shop',
  currency: 'EUR',
  lines: [{ lineId: '1', sku: '85123A', units: 1, unitPriceMinor: 1_299 }],
};
const SALE = {
  channel: 'etsy',
  externalOrderId: 'grpc-1',
  messageId: 'grpc-1',
  placedAt: '2026-01-31T12:00:00Z',
  currency: 'EUR',
  lines: [{ lineId: '1', sku: '85123A', units: 1, unitPriceMinor: 1_299 }],
};
const PRICE = { sku: '85123A', channel: 'etsy', currency: 'EUR', amountMinor: 1_399 };

const CASES: readonly Case[] = [
  {
    name: 'list',
    args: [],
    path: 'list',
    answer:
      /^einklang\.catalog\.v1\.Catalog\neinklang\.customers\.v1\.Customers\neinklang\.inventory\.v1\.Stock\neinklang\.inventory\.v1\.Transfers\neinklang\.orders\.v1\.Orders\ngrpc\.health\.v1\.Health\n$/,
  },
  describes(STOCK, /rpc WatchAvailability \( \.einklang\.inventory\.v1\.WatchAvailabilityRequest \) returns \( stream/),
  describes('einklang.inventory.v1.Availability', /int64 stock_revision = 2;.*map<string, int64> available = 4;/s),
  describes('einklang.inventory.v1.ReserveStreamReply', /oneof result \{.*Problem problem = 2;/s),
  describes('grpc.health.v1.Health', /rpc Check/),
  ...['', STOCK, TRANSFERS, ORDERS, CATALOG, CUSTOMERS].map((service) =>
    callsOf('grpc.health.v1.Health')('Check', { service }, /"status": "SERVING"/),
  ),
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
  describes(ORDERS, /rpc RecordSales \( stream \.einklang\.orders\.v1\.ChannelSale \) returns/),
  describes('einklang.orders.v1.RecordSalesReply', /map<string, int64> results = 2;/),
  callsOrders('Submit', CART, /"status": "placed"/, KEY),
  callsOrders('Submit', { ...CART, currency: 'USD' }, /Code: AlreadyExists/, KEY),
  callsOrders('Submit', { ...CART, lines: [] }, /Code: InvalidArgument/),
  callsOrders('RecordSales', [SALE, SALE, { ...SALE, externalOrderId: '' }], /"sales": "3".*"refused": "1"/s),
  callsOrders('Get', { orderId: 'etsy.1001' }, /"externalId": "1001"/),
  callsOrders('Get', { orderId: 'nothing' }, /Code: NotFound/),
  callsOrders('Watch', { afterPosition: '0' }, /"type": "SaleRecorded"/),
  callsOrders('Watch', { afterPosition: '9007199254740991' }, /Code: OutOfRange/),
  describes(CATALOG, /rpc WatchPrices \( \.einklang\.catalog\.v1\.WatchPricesRequest \) returns \( stream/),
  describes('einklang.catalog.v1.Attribute', /oneof value \{/),
  callsCatalog('GetVariant', { sku: '85123A' }, /"amountMinor": "1299"/),
  callsCatalog('GetVariant', { sku: 'NOTHING' }, /Code: NotFound/),
  callsCatalog('ListVariants', { limit: 1 }, /"sku": "85123A"/),
  callsCatalog('SetPrice', PRICE, /"changed": true/),
  callsCatalog('SetPrice', { ...PRICE, amountMinor: -1 }, /Code: InvalidArgument/),
  callsCatalog('WatchPrices', {}, /"channel": "etsy"/),
  callsCustomers('LookUp', { email: 'buyer@example.org' }, /"profileId": "[0-9a-f-]{36}"/),
  callsCustomers('LookUp', { email: 'other@example.org' }, /Code: NotFound/),
  callsCustomers('LookUp', {}, /Code: InvalidArgument/),
  callsCustomers('GetProfile', { profileId: 'nothing' }, /Code: InvalidArgument/),
];

export async function askByGrpc(grpcurl: string, port: number): Promise<Tally> {
  let failed = 0;
  for (const { name, args, path, answer } of CASES) {
    const { output } = await run(grpcurl, [
      '-plaintext',
      '-max-time',
      // A watch has no end: what has come by then is what it is asked for.
      path.includes('/Watch') ? '2' : '10',
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
