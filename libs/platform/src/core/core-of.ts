import { CommandRunner } from '#event-sourcing';
import { DatabaseLocks, Processes } from '#read-models';
import { Exceptions } from '../exceptions/exceptions.js';
import { PersonalDataHasher } from '../personal-data/personal-data-hasher.js';
import { PersonalDataSealer } from '../personal-data/personal-data-sealer.js';
import { observeProcesses } from '../processes/observe-processes.js';
import { Slices } from '../slices/slices.js';
import type { Assembled, Core } from './core.js';
import type { OpenedCore } from './open-core.js';
import { parkedEvents } from './parked-events.js';

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
