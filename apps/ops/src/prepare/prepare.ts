import { createProjection, type Projection } from '#read-models';
import { type Terminal, writeLine } from '../console/terminal.js';
import type { OpenLog } from '../log/open-log.js';

/** Makes the tables of views that have none yet, empty. What is there stays as it is, so it may be done at any time. */
export async function prepare(
  { readModels }: Pick<OpenLog, 'readModels'>,
  projections: readonly Projection[],
  terminal: Terminal,
): Promise<void> {
  for (const projection of projections) {
    await createProjection(readModels, projection);
    writeLine(terminal, `view ${projection.name}: its tables are there`);
  }
}
