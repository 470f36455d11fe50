import type { RecordedEvent } from './event-store.js';
import { type SpanOptions, traceEach } from './tracing.js';
import { runInContext, type WorkContext } from './work-context.js';

/**
 * Runs `work` on a page of events, with a span for each event whose trace is recorded: what `work` does because of an
 * event becomes a child of that span by the event's metadata. Log lines know the request a page followed from, where
 * that is one and the same for all of its events.
 */
export const workOnPage = <Result>(
  page: readonly RecordedEvent[],
  span: SpanOptions,
  work: (page: readonly RecordedEvent[]) => Promise<Result>,
): Promise<Result> =>
  traceEach(
    page,
    (event) => ({ ...span, attributes: { ...span.attributes, ...attributesOf(event, page) } }),
    (traced) => {
      const context = contextOf(traced);
      return context ? runInContext(context, () => work(traced)) : work(traced);
    },
  );

const attributesOf = ({ type, stream, position }: RecordedEvent, page: readonly RecordedEvent[]) => ({
  'einklang.event': type,
  'einklang.stream': stream,
  'einklang.position': position,
  'einklang.page': page.length,
});

function contextOf(page: readonly RecordedEvent[]): WorkContext | undefined {
  const first = page[0]?.metadata;
  if (!first || page.some(({ metadata }) => metadata.correlationId !== first.correlationId)) return undefined;
  const { correlationId, actor, traceparent } = first;
  return { correlationId, actor, ...(traceparent !== undefined && { traceparent }) };
}
