import type { CommandRunner } from '#event-sourcing';
import type { Processes } from '#read-models';
import type { Exceptions } from '../exceptions/exceptions.js';
import type { HealthChecks } from '../operations/health.js';
import type { Metrics } from '../operations/metrics.js';
import type { PersonalDataHasher } from '../personal-data/personal-data-hasher.js';
import type { PersonalDataSealer } from '../personal-data/personal-data-sealer.js';
import type { Shutdown } from '../shutdown.js';
import type { Slices } from '../slices/slices.js';
import type { OpenedCore } from './open-core.js';

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
