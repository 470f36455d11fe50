import { Logger } from '@nestjs/common';
import { Command } from 'commander';
import { endOnSignals, Shutdown } from '#platform';
import { PinoLogger, runMain } from '#platform/host';
import { backlog } from './backlog.js';
import { diskFull } from './disk-full.js';
import { brokerLoss, brokerRestart } from './distributed/broker-loss.js';
import { clockSkew } from './distributed/clock-skew.js';
import { databaseRestart } from './distributed/database-restart.js';
import { move } from './distributed/move.js';
import { networkCut } from './distributed/network-cut.js';
import { newConsumer } from './distributed/new-consumer.js';
import { poison } from './distributed/poison.js';
import { rollingRestart } from './distributed/rolling-restart.js';
import { serviceKills } from './distributed/service-kills.js';
import type { Fault } from './fault.js';
import { idleTransaction } from './idle-transaction.js';
import { kills } from './kills.js';
import { pause } from './pause.js';
import { secondOwner } from './second-owner.js';
import { start } from './start.js';
import { printFinding, writeFinding } from './support/report.js';

const faults: readonly Fault[] = [
  kills,
  pause,
  diskFull,
  secondOwner,
  idleTransaction,
  start,
  backlog,
  serviceKills,
  rollingRestart,
  brokerRestart,
  brokerLoss,
  databaseRestart,
  networkCut,
  poison,
  clockSkew,
  newConsumer,
  move,
];

const program = new Command('faults')
  .description(
    'Kills, stops and starves the real processes under load, and looks whether anything was lost or doubled.',
  )
  .argument('[names...]', `which faults; all when none is named:\n${listOf(faults)}`)
  .addHelpText(
    'after',
    '\nResults go to test/faults/results/<name>.json. Exit code 1: something was not as it must be.',
  );

await runMain(async () => {
  program.parse();
  const chosen = chosenFrom(program.args);
  Logger.overrideLogger(new PinoLogger('fatal'));
  const shutdown = new Shutdown();
  // What runs ends at its next step and takes its processes with it.
  endOnSignals(shutdown);
  for (const fault of chosen) if (!(await runOne(fault, shutdown.signal))) process.exitCode = 1;
});

/** True when nothing was violated. */
async function runOne({ name, run }: Fault, signal: AbortSignal): Promise<boolean> {
  const startedAt = performance.now();
  const progress = (text: string): void => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    process.stdout.write(`${name} ${seconds.padStart(7)} s  ${text}\n`);
  };
  const finding = await run({ progress, signal });
  printFinding(name, finding);
  progress(`written to ${await writeFinding(name, finding)}`);
  return finding.violations.length === 0;
}

function chosenFrom(names: readonly string[]): readonly Fault[] {
  if (names.length === 0) return faults;
  return names.map((name) => {
    const found = faults.find((fault) => fault.name === name);
    return found ?? program.error(`There is no fault ${name}. There are:\n${listOf(faults)}`);
  });
}

function listOf(all: readonly Fault[]): string {
  return all.map(({ name, summary }) => `  ${name.padEnd(17)} ${summary}`).join('\n');
}
