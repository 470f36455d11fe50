import { type Span, type SpanAttributes, type SpanOptions, type Tracer, useTracer } from '#event-sourcing';

/** A span that was ended. */
export interface RecordedStep {
  readonly name: string;
  readonly kind: SpanOptions['kind'];
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the first of a trace. */
  readonly parentId: string | undefined;
  readonly attributes: SpanAttributes;
  readonly error?: unknown;
}

/** A tracer that keeps what it gets. Traces are on from when it is made until {@link stop}. */
export class RecordingTracer implements Tracer {
  readonly steps: RecordedStep[] = [];
  #started = 0;

  constructor() {
    useTracer(this);
  }

  start({ name, kind, attributes = {} }: SpanOptions, parent: string | undefined): Span | undefined {
    const [, traceId = hex(32, this.#next()), parentId, flags = '01'] = parent?.split('-') ?? [];
    if (flags !== '01') return undefined;
    const spanId = hex(16, this.#next());
    return {
      traceparent: `00-${traceId}-${spanId}-01`,
      end: (result = {}) => {
        const step = { name, kind, traceId, spanId, parentId, attributes: { ...attributes, ...result.attributes } };
        this.steps.push(result.error === undefined ? step : { ...step, error: result.error });
      },
    };
  }

  #next(): number {
    this.#started += 1;
    return this.#started;
  }

  /** The names from this step up to the first one. */
  pathOf(step: RecordedStep): string[] {
    const parent = this.steps.find(({ spanId }) => spanId === step.parentId);
    return [step.name, ...(parent ? this.pathOf(parent) : [])];
  }

  named(name: string): RecordedStep[] {
    return this.steps.filter((step) => step.name === name);
  }

  stop(): void {
    useTracer(undefined);
  }
}

const hex = (digits: number, number: number): string => number.toString(16).padStart(digits, '0');
