import {
  Counter,
  type CounterConfiguration,
  collectDefaultMetrics,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  Registry,
} from 'prom-client';

/**
 * The metrics of one process, shown at /metrics. Asking twice for the same name gives the same metric, so a module may
 * ask where it counts. Names are `einklang_<what>_<unit>`, label values come from small closed sets.
 */
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  counter<Label extends string>(options: CounterConfiguration<Label>): Counter<Label> {
    return this.once(options.name, Counter<Label>, () => new Counter({ ...options, registers: [this.registry] }));
  }

  gauge<Label extends string>(options: GaugeConfiguration<Label>): Gauge<Label> {
    return this.once(options.name, Gauge<Label>, () => new Gauge({ ...options, registers: [this.registry] }));
  }

  histogram<Label extends string>(options: HistogramConfiguration<Label>): Histogram<Label> {
    return this.once(options.name, Histogram<Label>, () => new Histogram({ ...options, registers: [this.registry] }));
  }

  private once<Metric>(name: string, type: new (...args: never[]) => Metric, make: () => Metric): Metric {
    const existing = this.registry.getSingleMetric(name);
    if (existing === undefined) return make();
    if (existing instanceof type) return existing;
    throw new Error(`The metric ${name} exists as another type.`);
  }
}
