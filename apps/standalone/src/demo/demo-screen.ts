import type { Figures } from './demo-metrics.js';

/** Where the demo is shown: `process.stdout`, or a recording one. */
export interface DemoOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Moment {
  readonly figures: Figures;
  /** What the rates are measured against: the moment shown before. */
  readonly before: Figures;
  readonly startedAtMs: number;
  readonly docsUrl: string;
  /** What is wrong right now, in one sentence. */
  readonly note?: string;
}

/** Draws over what it drew before on a terminal, and writes plain lines anywhere else. */
export class DemoScreen {
  #linesDrawn = 0;

  constructor(private readonly output: DemoOutput) {}

  get isLive(): boolean {
    return this.output.isTTY === true;
  }

  /** A line that stays. */
  tell(line: string): void {
    this.output.write(`${line}\n`);
    this.#linesDrawn = 0;
  }

  show(moment: Moment): void {
    if (!this.isLive) {
      this.output.write(`${plainLine(moment)}\n`);
      return;
    }
    const lines = table(moment);
    const back = this.#linesDrawn === 0 ? '' : `\u001b[${this.#linesDrawn}A`;
    // Each line erases what it does not cover, which flickers less than clearing first.
    this.output.write(`${back}\r${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
    this.#linesDrawn = lines.length;
  }
}

function plainLine({ figures, before, note }: Moment): string {
  const lag = Math.max(0, ...figures.channels.map(({ p99Ms }) => p99Ms));
  const parts = [
    `orders/s ${rate(figures, before, 'orders')}`,
    `units/s ${rate(figures, before, 'units')}`,
    `events ${figures.events}`,
    `lag p50 ${milliseconds(median(figures.channels.map(({ p50Ms }) => p50Ms)))}`,
    `p99 ${milliseconds(lag)}`,
    `pushes/s ${rate(figures, before, 'pushes')}`,
    `oversells ${figures.oversoldUnits}`,
    `memory ${megabytes(figures.memoryBytes)}`,
    ...(note === undefined ? [] : [note]),
  ];
  return parts.join(' | ');
}

function table({ figures, before, startedAtMs, docsUrl, note }: Moment): string[] {
  const line = (label: string, perSecond: string, total: string) =>
    `  ${label.padEnd(20)}${perSecond.padStart(12)}${total.padStart(16)}`;
  return [
    '',
    `  Einklang sells on ${figures.channels.length} channels, for ${clockTime(figures.atMs - startedAtMs)}`,
    '',
    line('', 'per second', 'total'),
    line('orders', rate(figures, before, 'orders'), count(figures.orders)),
    line('units', rate(figures, before, 'units'), count(figures.units)),
    line('stock pushes', rate(figures, before, 'pushes'), count(figures.pushes)),
    line('events in the log', rate(figures, before, 'events'), count(figures.events)),
    '',
    `  ${'channel'.padEnd(20)}${'orders/s'.padStart(12)}${'lag p50'.padStart(16)}${'lag p99'.padStart(12)}${'waiting'.padStart(10)}`,
    ...figures.channels.map(({ channel, orders, p50Ms, p99Ms, waiting }, index) => {
      const sold = perSecond(orders - (before.channels[index]?.orders ?? orders), figures.atMs - before.atMs);
      return `  ${channel.padEnd(20)}${sold.padStart(12)}${milliseconds(p50Ms).padStart(16)}${milliseconds(p99Ms).padStart(12)}${String(waiting).padStart(10)}`;
    }),
    '',
    `  oversells ${count(figures.oversoldUnits)}     memory ${megabytes(figures.memoryBytes)}     API docs ${docsUrl}`,
    note === undefined ? '  Ctrl-C ends it.' : `  ${note}`,
  ];
}

type Total = 'orders' | 'units' | 'pushes' | 'events';

const rate = (figures: Figures, before: Figures, total: Total): string =>
  perSecond(figures[total] - before[total], figures.atMs - before.atMs);

const perSecond = (change: number, elapsedMs: number): string =>
  elapsedMs <= 0 ? '0.0' : ((change * 1_000) / elapsedMs).toFixed(1);

export const count = (value: number): string => value.toLocaleString('en-US');

const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(0)} MB`;

const median = (values: readonly number[]): number =>
  values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0;

function clockTime(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
