import { until } from '../../../e2e/support/api.js';
import type { Collector, ExportedSpan } from '../../../e2e/support/collector.js';
import { CHANNELS, orderWebhook } from '../../../e2e/support/trade.js';
import type { Misfortune } from './under-traffic.js';

/** Settings by which only what a caller asks for is traced. */
export const tracedTo = ({ url }: Collector) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_TRACES_SAMPLER: 'parentbased_always_off',
});

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

/** Sells with a trace, and answers the way from the last push of every channel back to the webhook, as `service: step`. */
export async function traceOneSale({ landscape, traffic }: Misfortune, collector: Collector): Promise<string[][]> {
  const lines = [{ lineId: '1', sku: 'LAMP', units: 1, unitPriceMinor: 999 }];
  const message = orderWebhook('amazon', 'traced', { externalOrderId: 'traced', revision: 1, lines });
  const headers = { ...message.headers, traceparent: `00-${TRACE_ID}-${CALLER}-01` };
  const { status, text } = await landscape.api.send('POST', '/v1/channels/amazon/webhooks', message.body, headers);
  if (status !== 202) throw new Error(`The webhook was answered ${status}: ${text}`);
  traffic.acknowledged.sales.set('amazon.traced', lines);
  const pushOf = (channel: string) =>
    collector.spans.find(({ traceId, name }) => traceId === TRACE_ID && name === `push ${channel}`);
  const pushes = await until(
    'the pushes of the sale are exported',
    async () => {
      const found = CHANNELS.map(pushOf).filter((span) => span !== undefined);
      return found.length === CHANNELS.length ? found : undefined;
    },
    120_000,
  );
  return pushes.map((push) => wayTo(push, collector.spans));
}

function wayTo(span: ExportedSpan, spans: readonly ExportedSpan[]): string[] {
  const parent = spans.find(({ traceId, spanId }) => traceId === TRACE_ID && spanId === span.parentSpanId);
  return [`${span.service}: ${span.name}`, ...(parent ? wayTo(parent, spans) : [])];
}
