import { type ParkedEvent, parkedEvents, type ReadModels, skipParked, unpark } from '#read-models';
import { formatNumber, type Terminal, writeLine } from '../console/terminal.js';

export interface ListParkedOptions {
  readonly runner?: string;
  readonly limit: number;
  /** One JSON object per line. */
  readonly json: boolean;
}

/** Prints the events that views and processes could not handle, and answers how many. */
export async function listParked(
  db: ReadModels,
  { runner, limit, json }: ListParkedOptions,
  terminal: Terminal,
): Promise<number> {
  const parked = await parkedEvents(db, runner, limit + 1);
  for (const event of parked.slice(0, limit)) writeLine(terminal, json ? JSON.stringify(event) : readable(event));
  if (parked.length === 0) terminal.err.write('Nothing is parked.\n');
  if (parked.length > limit) terminal.err.write(`There are more than ${limit}; --limit shows more.\n`);
  return Math.min(parked.length, limit);
}

/** Asks for another try of what a view or process has parked, of one stream or of all, and answers how many events that are. */
export async function retryParked(
  db: ReadModels,
  runner: string,
  stream: string | undefined,
  terminal: Terminal,
): Promise<number> {
  const events = await unpark(db, runner, stream);
  writeLine(
    terminal,
    events === 0
      ? `${runner} has parked nothing${stream === undefined ? '' : ` of ${stream}`}.`
      : `${formatNumber(events)} will be tried again by the process at work on ${runner}.`,
  );
  return events;
}

/** Has a runner do without the event at a position, or without all that is parked of a stream, and answers how many. */
export async function skipEvents(db: ReadModels, runner: string, what: string, terminal: Terminal): Promise<number> {
  const events = await skipParked(db, runner, /^\d+$/.test(what) ? { position: Number(what) } : { stream: what });
  writeLine(
    terminal,
    events === 0
      ? `${runner} has nothing parked at ${what}.`
      : `${runner} does without ${formatNumber(events)} from now on, and so do its rebuilds.`,
  );
  return events;
}

function readable({
  runner,
  position,
  stream,
  type,
  error,
  attempts,
  retry,
  parkedAt,
  skippedAt,
}: ParkedEvent): string {
  const state = skippedAt ? `, skipped ${skippedAt}` : retry ? ', to be tried again' : '';
  return `${runner} ${position}  ${type} of ${stream}\n        ${attempts} attempts, parked ${parkedAt}${state}: ${error}`;
}
