// What the mechanism knows of tracing: spans that continue a trace along its `traceparent`. The library that records
// them is put in by the platform, and only where traces are on; everywhere else nothing here costs more than a comparison.

/** Names, numbers and ids. No bodies and no personal data. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  readonly name: string;
  /** What part the process plays, as OpenTelemetry names it. */
  readonly kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal';
  readonly attributes?: SpanAttributes;
}

/** One step of a trace. */
export interface Span {
  /** W3C trace context that makes what follows a child of this step. */
  readonly traceparent: string;
  /** Ends the step with what became of it; called once. Of an error only its code or name is kept: messages may quote. */
  end(result?: { readonly attributes?: SpanAttributes; readonly error?: unknown }): void;
}

export interface Tracer {
  /** A step below `parent`, or the first one of a trace; undefined where the sampler does not want it. */
  start(options: SpanOptions, parent: string | undefined): Span | undefined;
}

/** Puts in what records spans; undefined turns traces off. */
export function useTracer(given: Tracer | undefined): void {
  tracer = given;
}

let tracer: Tracer | undefined;

export const isTracing = (): boolean => tracer !== undefined;

/** A step at the edge, where a call comes in: the sampler decides whether it is recorded, heeding the caller's choice. */
export const beginTrace = (options: SpanOptions, parent?: string): Span | undefined => tracer?.start(options, parent);

/** A step that follows from `cause`, where that is recorded: only then are its options made. */
export const continueTrace = (cause: string | undefined, options: () => SpanOptions): Span | undefined =>
  tracer !== undefined && isSampled(cause) ? tracer.start(options(), cause) : undefined;

/** Whether a W3C `traceparent` (version 00) belongs to a trace that is recorded. */
export const isSampled = (traceparent: string | undefined): traceparent is string =>
  traceparent !== undefined && SAMPLED.test(traceparent);

/** The trace id in a sound `traceparent`. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  const traceId = traceparent === undefined ? undefined : TRACEPARENT.exec(traceparent)?.[1];
  return traceId === NO_TRACE ? undefined : traceId;
}

// https://www.w3.org/TR/trace-context/#traceparent-header; later versions may add fields behind the flags.
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;
const SAMPLED = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f][13579bdf]$/;
const NO_TRACE = '0'.repeat(32);

/** Something a step of its own can be recorded for: an event, or what follows from one. */
interface Traced {
  readonly metadata: { readonly traceparent?: string };
}

/**
 * Runs `work` on a page with a span for each recorded item, which hands its own trace context on in place of the one it
 * came with. Spans and not links to one span per page: so every trace is whole by itself. A page without recorded items
 * is handed on as it is.
 */
export async function traceEach<Item extends Traced, Result>(
  page: readonly Item[],
  optionsOf: (item: Item) => SpanOptions,
  work: (page: readonly Item[]) => Promise<Result>,
): Promise<Result> {
  if (tracer === undefined || !page.some(({ metadata }) => isSampled(metadata.traceparent))) return work(page);
  const spans: Span[] = [];
  const traced = page.map((item) => {
    const span = continueTrace(item.metadata.traceparent, () => optionsOf(item));
    if (!span) return item;
    spans.push(span);
    return { ...item, metadata: { ...item.metadata, traceparent: span.traceparent } };
  });
  try {
    const result = await work(traced);
    for (const span of spans) span.end();
    return result;
  } catch (error) {
    for (const span of spans) span.end({ error });
    throw error;
  }
}
