import { type Projection, rebuild } from '#read-models';
import { formatNumber, formatSeconds, startProgress, type Terminal, writeLine } from '../console/terminal.js';
import type { OpenLog } from '../log/open-log.js';
import { UsageError } from '../usage-error.js';

/** Fills a view from the start of the log beside the live one and puts it in its place. */
export async function rebuildView(
  log: OpenLog,
  projection: Projection,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<void> {
  const bar = startProgress(terminal, `Rebuilding ${projection.name}`, await log.store.head());
  try {
    const result = await rebuild(log.readModels, projection, log.store, {
      onProgress: (progress) => bar.update(progress.position, `| ${formatNumber(progress.eventsPerSecond)} events/s`),
      signal,
    });
    const { events, position, durationMs, eventsPerSecond, parked, skipped } = result;
    bar.update(position);
    bar.end();
    writeLine(
      terminal,
      `${projection.name} holds ${formatNumber(events)} events up to position ${formatNumber(position)}, built in ${formatSeconds(durationMs)} (${formatNumber(eventsPerSecond)} events/s).`,
    );
    if (parked > 0)
      writeLine(terminal, `${formatNumber(parked)} events are parked: ops parked list --runner ${projection.name}`);
    if (skipped > 0) writeLine(terminal, `${formatNumber(skipped)} events are left out: ops parked skip named them.`);
  } catch (error) {
    bar.end();
    throw error;
  }
}

/** The projection of a name. Throws {@link UsageError} with the names there are. */
export function projectionNamed(projections: readonly Projection[], name: string): Projection {
  const found = projections.find((projection) => projection.name === name);
  if (found) return found;
  throw new UsageError(
    `There is no view "${name}". There are: ${projections.map((projection) => projection.name).join(', ')}.`,
  );
}
