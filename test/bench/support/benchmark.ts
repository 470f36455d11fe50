import type { BenchDatabase } from './bench-database.js';
import type { ChartPanel } from './chart.js';
import { formatNumber } from './format.js';
import type { Figure, Measurements } from './measurements.js';

/** One question that `npm run bench -- <name>` answers. */
export interface Benchmark {
  readonly name: string;
  /** A sentence for the list of benchmarks. */
  readonly summary: string;
  run(bench: Bench): Promise<Result>;
}

export interface BenchOptions {
  /** Interleaved rounds: A B C, A B C, … */
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  /** Length of what is watched minute by minute. */
  readonly minutes: number;
  /** Also what takes many minutes. */
  readonly long: boolean;
}

/** What a benchmark works with. */
export interface Bench extends BenchOptions {
  readonly database: BenchDatabase;
  readonly measurements: Measurements;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  progress(text: string): void;
}

export interface Result {
  readonly ratios: readonly Figure[];
  readonly charts: readonly ChartPanel[];
}

/** One thing that is measured in every round; what it gives goes under `<metric>`. */
export interface Contender {
  readonly name: string;
  measure(round: number): Promise<Readonly<Record<string, number>>>;
}

/** Measures A B C, A B C, …: what the machine does besides hits all of them alike. */
export async function interleaved(bench: Bench, contenders: readonly Contender[]): Promise<void> {
  for (let round = 1; round <= bench.rounds; round += 1) {
    for (const { name, measure } of contenders) {
      bench.signal.throwIfAborted();
      const metrics = Object.entries(await measure(round));
      for (const [metric, value] of metrics) bench.measurements.record(metric, value);
      const told = metrics.map(([metric, value]) => `${metric} ${formatNumber(value)}`).join(', ');
      bench.progress(`round ${round}/${bench.rounds}  ${name}: ${told}`);
    }
  }
}
