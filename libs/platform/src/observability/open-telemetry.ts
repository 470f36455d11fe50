import {
  type AttributeValue,
  DiagLogLevel,
  diag,
  type Span as RecordedSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Span, SpanOptions, Tracer } from '#event-sourcing';
import { StartupError } from '../startup-error.js';

// The only file that loads OpenTelemetry, and only where traces are on: it is imported at run time by start-tracing.ts.

/** Environment variables as OpenTelemetry describes them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A tracer that sends spans over OTLP/HTTP to the address in the environment, and how to end it. `warn` gets what the
 * library has to say. Throws {@link StartupError} for a sampler there is not.
 */
export function openTelemetry(
  serviceName: string,
  environment: Environment,
  warn: (message: string) => void,
): { readonly tracer: Tracer; close(): Promise<void> } {
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
  const provider = new TracerProvider({
    sampler: samplerFrom(environment),
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': serviceName }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanLimits: { attributeValueLengthLimit: 256 },
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...BATCHES })],
  });
  const tracer = provider.getTracer('einklang');
  return {
    tracer: {
      start: ({ name, kind, attributes }: SpanOptions, parent) => {
        const options = { kind: KINDS[kind], ...(attributes && { attributes: { ...attributes } }) };
        return spanOf(tracer.startSpan(name, options, contextOf(parent)));
      },
    },
    close: () => provider.shutdown(),
  };
}

const ignore = (): void => {};

/** At most so many spans wait in memory; more are dropped. */
const BATCHES = { maxQueueSize: 8_192, maxExportBatchSize: 512, scheduledDelayMillis: 1_000 };

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const satisfies Record<SpanOptions['kind'], SpanKind>;

function spanOf(span: RecordedSpan): Span | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  if ((traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
  return {
    traceparent: `00-${traceId}-${spanId}-01`,
    end: ({ attributes, error } = {}) => {
      if (attributes) span.setAttributes({ ...attributes });
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', typeOf(error));
      span.end();
    },
  };
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; what makes no sense begins a trace of its own. */
function contextOf(traceparent: string | undefined) {
  const [, traceId = '', spanId = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  if (traceId === '') return ROOT_CONTEXT;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** A code or a name and no message, which may quote what a caller sent. */
function typeOf(error: unknown): AttributeValue {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : 'unknown';
  return 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
    ? `${error.name} ${error.code}`
    : error.name;
}

/** https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration */
function samplerFrom({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument }: Environment): Sampler {
  const wanted = name || 'parentbased_always_on';
  const root = rootSampler(wanted.replace(/^parentbased_/, ''), argument);
  return wanted.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

function rootSampler(name: string, argument = ''): Sampler {
  switch (name) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratioFrom(argument));
    default:
      throw new StartupError(
        `OTEL_TRACES_SAMPLER must be always_on, always_off or traceidratio, with or without parentbased_ before it.`,
      );
  }
}

function ratioFrom(argument: string): number {
  const ratio = argument === '' ? 1 : Number(argument);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new StartupError('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1.');
}
