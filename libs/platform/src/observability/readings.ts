import type { Metrics } from '../operations/metrics.js';

/** What is read off when Prometheus asks: a gauge, or a counter for what only grows while the process lives. */
export interface Reading<Source> {
  readonly name: string;
  readonly help: string;
  readonly type?: 'gauge' | 'counter';
  readonly value: (source: Source) => number;
}

/** Adds metrics whose values come from `sources` at every scrape. What is not among them any more shows no more. */
export function addReadings<Source, Label extends string>(
  metrics: Metrics,
  readings: readonly Reading<Source>[],
  labelNames: readonly Label[],
  labelsOf: (source: Source) => Record<Label, string>,
  sources: () => Iterable<Source> | Promise<Iterable<Source>>,
): void {
  for (const { name, help, type = 'gauge', value } of readings) {
    const options = { name, help, labelNames: [...labelNames] };
    const metric = type === 'gauge' ? metrics.gauge({ ...options, collect }) : metrics.counter({ ...options, collect });
    async function collect(): Promise<void> {
      const now = [...(await sources())];
      metric.reset();
      // A metric without labels would come back as 0.
      if (labelNames.length === 0) metric.remove();
      for (const source of now) metric.inc(labelsOf(source), value(source));
    }
  }
}
