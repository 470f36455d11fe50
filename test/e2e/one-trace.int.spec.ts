import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SimulatedShop, startSimulatedShop } from '../../apps/simulated-shop/src/start-simulated-shop.js';
import { until } from './support/api.js';
import { type Collector, type ExportedSpan, startCollector } from './support/collector.js';
import { Installation, type RunningSystem, SECRET } from './support/installation.js';
import { CHANNELS, openForTrade, shownOn, signed } from './support/trade.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER_SPAN_ID = '00f067aa0ba902b7';
const UNTRACED_ID = '5bf92f3577b34da6a3ce929d0e0e4736';

describe('the trace of a sale', () => {
  let collector: Collector;
  let installation: Installation;
  let shop: SimulatedShop;
  let system: RunningSystem;

  beforeAll(async () => {
    collector = await startCollector();
    installation = await Installation.create();
    shop = await startSimulatedShop({ port: 0, secret: SECRET, file: ':memory:' });
    system = await installation.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      // Nothing is traced but what a caller asks for.
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
      EINKLANG_LOG_LEVEL: 'trace',
    });
    await openForTrade(system.api, { shopUrl: shop.url, stock: { LAMP: 10, VASE: 5 } });
    for (const channel of CHANNELS) await untilShown(channel, { LAMP: 10, VASE: 5 });
    await sell('1', [{ sku: 'LAMP', units: 3 }], `00-${TRACE_ID}-${CALLER_SPAN_ID}-01`);
    await sell('2', [{ sku: 'VASE', units: 1 }], `00-${UNTRACED_ID}-${CALLER_SPAN_ID}-00`);
    for (const channel of CHANNELS) await untilShown(channel, { LAMP: 7, VASE: 4 });
    await until('every push of the sale is exported', async () =>
      CHANNELS.every((channel) => named(`push ${channel}`).length > 0) ? true : undefined,
    );
  });
  afterAll(async () => {
    await shop?.close();
    await installation?.remove();
    await collector?.close();
  });

  it('goes from the webhook over order, stock and view to every channel', () => {
    for (const channel of CHANNELS) {
      for (const push of named(`push ${channel}`)) {
        expect(ancestorsOf(push).map(({ name }) => name)).toEqual([
          `push ${channel}`,
          'view stock',
          'command AllocateLines',
          'process when-an-order-changes-follow-with-stock',
          'command RecordSale',
          'POST /v1/channels/:channel/webhooks',
        ]);
      }
    }
  });

  it('shows what was stored, which other views and processes took it up, and what came of each step', () => {
    const names = new Set(ofSale().map(({ name }) => name));
    expect(names).toContain('append');
    expect(names).toContain('view orders');
    expect(names).toContain('process when-sale-is-recorded-find-or-make-profile');
    expect(named('command RecordSale')[0]?.attributes).toMatchObject({
      'einklang.category': 'order',
      'einklang.stream': 'order-amazon.order-1',
      'einklang.outcome': 'changed',
    });
    expect(named('push ebay')[0]?.attributes).toMatchObject({
      'einklang.channel': 'ebay',
      'einklang.outcome': 'answered',
    });
    expect(named('POST /v1/channels/:channel/webhooks')[0]?.attributes).toMatchObject({
      'http.response.status_code': 202,
    });
  });

  it('has no gap: the parent of every step is a step of it, or the caller', () => {
    const ids = new Set(ofSale().map(({ spanId }) => spanId));
    for (const { parentSpanId } of ofSale()) expect([CALLER_SPAN_ID, ...ids]).toContain(parentSpanId);
    expect(ofSale().filter(({ parentSpanId }) => parentSpanId === CALLER_SPAN_ID)).toHaveLength(1);
  });

  it('is the only one: no other request asked for one', () => {
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
    expect(new Set(collector.spans.map(({ service }) => service))).toEqual(new Set(['standalone']));
  });

  it('names no person', () => {
    expect(collector.received).toContain(TRACE_ID);
    for (const secret of [EMAIL, PHONE, 'Ada', 'account-1']) expect(collector.received).not.toContain(secret);
  });

  it('is exported to its end when the system stops', async () => {
    const before = collector.spans.length;
    await sell('3', [{ sku: 'LAMP', units: 1 }], `00-${TRACE_ID}-${CALLER_SPAN_ID}-01`);
    expect(await system.stop()).toBe(0);
    expect(collector.spans.slice(before).map(({ name }) => name)).toContain('POST /v1/channels/:channel/webhooks');
  });

  const ofSale = (): ExportedSpan[] => collector.spans.filter(({ traceId }) => traceId === TRACE_ID);
  const named = (wanted: string): ExportedSpan[] => ofSale().filter(({ name }) => name === wanted);

  function ancestorsOf(span: ExportedSpan): ExportedSpan[] {
    const parent = ofSale().find(({ spanId }) => spanId === span.parentSpanId);
    return parent ? [span, ...ancestorsOf(parent)] : [span];
  }

  async function sell(id: string, lines: readonly { sku: string; units: number }[], traceparent: string) {
    const order = {
      externalOrderId: `order-${id}`,
      revision: 0,
      placedAt: '2026-01-31T12:00:00.000Z',
      currency: 'EUR',
      cancelled: false,
      customer: { email: EMAIL, phone: PHONE, customerId: `account-${id}` },
      lines: lines.map((line, index) => ({ lineId: String(index), unitPriceMinor: 999, ...line })),
    };
    const body = JSON.stringify({ topic: 'order.created', order });
    const headers = { ...signed('amazon', `message-${id}`, body), traceparent };
    const answer = await system.api.send('POST', '/v1/channels/amazon/webhooks', body, headers);
    expect(answer).toMatchObject({ status: 202, body: { status: 'stored' } });
  }

  const untilShown = (channel: string, numbers: Record<string, number>) =>
    until(`${channel} shows ${JSON.stringify(numbers)}`, async () => {
      const shown = await shownOn(shop.url, channel);
      return Object.entries(numbers).every(([sku, units]) => shown[sku] === units) ? shown : undefined;
    });
});

const EMAIL = 'ada.lovelace@example.org';
const PHONE = '+493012345678';
