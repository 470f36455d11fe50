import { Logger } from '@nestjs/common';
import { Command, InvalidArgumentError } from 'commander';
import { endOnSignals, Shutdown } from '#platform';
import { PinoLogger, runMain } from '#platform/host';
import { baskets } from './baskets.js';
import { entrances } from './entrances.js';
import { growth } from './growth.js';
import { hotSku } from './hot-sku.js';
import { kafka } from './kafka.js';
import { memory } from './memory.js';
import { rebuildOfViews } from './rebuild.js';
import { reprojection } from './reprojection.js';
import { spread } from './spread.js';
import { openBenchDatabase } from './support/bench-database.js';
import type { Benchmark, BenchOptions } from './support/benchmark.js';
import { Measurements } from './support/measurements.js';
import { printReport, settingsOf, writeResults } from './support/report.js';

const benchmarks: readonly Benchmark[] = [
  hotSku,
  spread,
  entrances,
  baskets,
  reprojection,
  rebuildOfViews,
  growth,
  kafka,
  memory,
];

const program = new Command('bench')
  .description('Measures Einklang on a PostgreSQL server of its own, with fsync on, and baselines in the same rounds.')
  .argument('[names...]', `which benchmarks; all when none is named:\n${listOf(benchmarks)}`)
  .option('--rounds <rounds>', 'interleaved rounds', positive, 5)
  .option('--seconds <seconds>', 'length of one measurement', positive, 2)
  .option('--minutes <minutes>', 'length of each part of the memory benchmark', positive, 5)
  .option('--long', 'also what takes many minutes (growth: ten million events)', false)
  .addHelpText('after', '\nResults go to test/bench/results/<name>.json and <name>.svg.');

await runMain(async () => {
  program.parse();
  const chosen = chosenFrom(program.args);
  Logger.overrideLogger(new PinoLogger('warn'));
  for (const benchmark of chosen) await runOne(benchmark, program.opts<BenchOptions>());
});

/** Each on a fresh server: what one leaves in the caches and the log does not weigh on the next. */
async function runOne(benchmark: Benchmark, options: BenchOptions): Promise<void> {
  const shutdown = new Shutdown(60_000);
  const stopListening = endOnSignals(shutdown);
  try {
    const database = await openBenchDatabase(shutdown);
    const measurements = new Measurements();
    const progress = (text: string) => process.stdout.write(`${benchmark.name}  ${text}\n`);
    const bench = { ...options, database, measurements, signal: shutdown.signal, progress };
    const result = await benchmark.run(bench);
    const settings = settingsOf(bench);
    printReport(benchmark.name, measurements.figures(), result.ratios, settings);
    const folder = await writeResults(benchmark.name, measurements.figures(), result, settings);
    progress(`written to ${folder}/${benchmark.name}.json and .svg`);
  } finally {
    await shutdown.run();
    stopListening();
  }
}

function chosenFrom(names: readonly string[]): readonly Benchmark[] {
  if (names.length === 0) return benchmarks;
  return names.map((name) => {
    const found = benchmarks.find((benchmark) => benchmark.name === name);
    return found ?? program.error(`There is no benchmark ${name}. There are:\n${listOf(benchmarks)}`);
  });
}

function listOf(all: readonly Benchmark[]): string {
  return all.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n');
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}
