import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Clock } from '#kernel';
import type { Metrics } from '#platform';

export interface LagSummary {
  readonly windowSeconds: number;
  readonly pushes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How long channels took to acknowledge changes, from when we learned of them, over the last minute per channel. */
export class PushLag {
  readonly #windows = new Map<string, SlidingHistogram>();
  readonly #metric;

  constructor(
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.#metric = metrics.histogram({
      name: 'einklang_channel_push_lag_seconds',
      help: 'Time from learning of a change to its acknowledgement by the channel',
      labelNames: ['channel'],
      buckets: LAG_BUCKETS_SECONDS,
    });
  }

  record(channel: string, lagMs: number): void {
    this.#metric.observe({ channel }, lagMs / 1_000);
    let window = this.#windows.get(channel);
    if (!window) {
      window = new SlidingHistogram();
      this.#windows.set(channel, window);
    }
    window.record(lagMs, this.clock.now());
  }

  summary(channel: string): LagSummary {
    return (this.#windows.get(channel) ?? new SlidingHistogram()).summary(this.clock.now());
  }
}

/** HDR histograms (two significant digits) of slices of time; the slices of the window are merged when asked. */
class SlidingHistogram {
  readonly #slices = new Map<number, RecordableHistogram>();

  record(lagMs: number, nowMs: number): void {
    const slice = Math.floor(nowMs / SLICE_MS);
    let histogram = this.#slices.get(slice);
    if (!histogram) {
      this.#forgetBefore(slice - SLICES);
      histogram = createHistogram({ lowest: 1, highest: HIGHEST_MS, figures: 2 });
      this.#slices.set(slice, histogram);
    }
    histogram.record(Math.min(HIGHEST_MS, Math.max(1, Math.round(lagMs))));
  }

  summary(nowMs: number): LagSummary {
    this.#forgetBefore(Math.floor(nowMs / SLICE_MS) - SLICES);
    const merged = createHistogram({ lowest: 1, highest: HIGHEST_MS, figures: 2 });
    for (const histogram of this.#slices.values()) merged.add(histogram);
    const empty = merged.count === 0;
    return {
      windowSeconds: (SLICES * SLICE_MS) / 1_000,
      pushes: merged.count,
      p50Ms: empty ? 0 : merged.percentile(50),
      p99Ms: empty ? 0 : merged.percentile(99),
      maxMs: empty ? 0 : merged.max,
    };
  }

  #forgetBefore(slice: number): void {
    for (const key of this.#slices.keys()) if (key <= slice) this.#slices.delete(key);
  }
}

// Dense, so that a quantile can be read off the histogram.
const LAG_BUCKETS_SECONDS = [
  0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 20, 30,
  45, 60, 90, 120, 180, 300, 600, 1_800,
];
const SLICE_MS = 5_000;
const SLICES = 12;
const HIGHEST_MS = 86_400_000;
