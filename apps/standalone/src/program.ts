import { Command, InvalidArgumentError } from 'commander';
import { keepSignals, loadConfig, runMain, startDatabaseAhead } from '#platform/ahead';
import type { Options } from './run.js';

const program = new Command('einklang')
  .description('Runs every service of Einklang in one process.')
  .option('--demo', 'open five simulated channels, a catalogue and shoppers, and show what happens')
  .option(
    '--rate <orders per second>',
    'with --demo: how much the shoppers buy over all channels (default: 40)',
    positive,
  )
  .option('--seconds <seconds>', 'with --demo: end by itself, with exit code 1 if anything was oversold', positive)
  .addHelpText('after', '\nPorts, data directory and secrets come from the environment: see docs/settings.md.');

await runMain(async () => {
  const options = program.parse().opts<Options>();
  const config = loadConfig({ EINKLANG_LOG_LEVEL: options.demo ? 'warn' : 'info', ...definedIn(process.env) });
  const signals = keepSignals();
  await startDatabaseAhead(config);
  // Most of a start is loading this, so what goes on without us begins before.
  const { run } = await import('./run.js');
  await run(config, options, signals);
});

function positive(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

function definedIn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''));
}
