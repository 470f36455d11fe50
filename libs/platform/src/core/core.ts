import { CommandRunner } from '#event-sourcing';
import { DatabaseLocks, Processes } from '#read-models';
import { Exceptions } from '../exceptions/exceptions.js';
import type { HealthChecks } from '../operations/health.js';
import type { Metrics } from '../operations/metrics.js';
import { PersonalDataHasher } from '../personal-data/personal-data-hasher.js';
import { PersonalDataSealer } from '../personal-data/personal-data-sealer.js';
import { observeProcesses } from '../processes/observe-processes.js';
import type { Shutdown } from '../shutdown.js';
import { Slices } from '../slices/slices.js';
import type { OpenedCore } from './open-core.js';
import { parkedEvents } from './parked-events.js';

/** Token of the {@link Core} of a program. */
export const CORE = 'CORE';

/** What every service is assembled on, whether Nest, a simulation or a spec has it assembled. */
export interface Core extends Omit<OpenedCore, 'database' | 'warnings'> {
  /** Runs the commands of every decider. */
  readonly commands: CommandRunner;
  readonly shutdown: Shutdown;
  readonly health: HealthChecks;
  readonly metrics: Metrics;
  readonly exceptions: Exceptions;
  readonly slices: Slices;
  /** Process managers: services add theirs. */
  readonly processes: Processes;
  readonly hasher: PersonalDataHasher;
  readonly sealer: PersonalDataSealer;
}

/** How what goes on by itself in an assembled service begins. It ends with the shutdown of the core. */
export interface Assembled {
  /** Runs once the tables of all views are there, and before any process begins. */
  readonly prepare?: () => Promise<void>;
  /** Runs when every service of the program is prepared. */
  readonly start?: () => void | Promise<void>;
}

/** Completes what was opened. `hashKey` is the secret of the installation. One runner has all commands of a program. */
export function coreOf(
  opened: Omit<OpenedCore, 'database'> & { readonly commands?: CommandRunner },
  { hashKey, ...program }: Pick<Core, 'shutdown' | 'health' | 'metrics'> & { readonly hashKey: Buffer },
): Core {
  const { warnings: _, ...rest } = opened;
  const exceptions = new Exceptions(opened.readModels, program.metrics);
  exceptions.add(parkedEvents);
  const locks = new DatabaseLocks(opened.readModels);
  const { commands = new CommandRunner(opened.store, { clock: opened.clock, locks }) } = opened;
  const processes = new Processes({ ...opened, commands });
  observeProcesses(processes, exceptions, program.metrics);
  return {
    ...rest,
    ...program,
    commands,
    exceptions,
    slices: new Slices(),
    processes,
    hasher: new PersonalDataHasher(hashKey),
    sealer: new PersonalDataSealer(hashKey),
  };
}

/** Starts services in the order in which Nest's hooks do. */
export async function startAssembled(
  { runners }: Pick<Core, 'runners'>,
  services: readonly (object & Assembled)[],
): Promise<void> {
  await runners.prepare();
  for (const service of services) await service.prepare?.();
  runners.start();
  for (const service of services) await service.start?.();
}
