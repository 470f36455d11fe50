import { WriterFenced } from '#event-sourcing';
import { StartupError } from '#platform';
import { formatNumber, formatSeconds, startProgress, type Terminal, writeLine } from '../console/terminal.js';
import { UsageError } from '../usage-error.js';
import { compareLogs } from './compare-logs.js';
import type { SourceLog } from './source-log.js';
import type { TargetLog } from './target-log.js';

export interface MigrateStoreRequest {
  readonly source: SourceLog;
  readonly target: TargetLog;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

/**
 * Copies a log, goes on where an earlier run ended, and compares every event when no system writes to the source. Answers
 * whether the target is the whole log. Throws {@link UsageError} when the source is empty, {@link StartupError} when the
 * target holds something else.
 */
export async function migrateStore({ source, target, signal, terminal }: MigrateStoreRequest): Promise<boolean> {
  if ((await source.head()) === 0) throw new UsageError('The log to copy is empty. Is this the right data directory?');
  const fence = await source.fence().catch(writerOf);
  try {
    await copy({ source, target, signal, terminal });
    if (fence instanceof WriterFenced) {
      writeLine(terminal, `Not finished, for the system still runs. ${fence.message}`);
      writeLine(terminal, 'Then run this command again: it copies what has come since, and compares everything.');
      return false;
    }
    return (await isFinished(source, terminal)) && (await isEqual({ source, target, signal, terminal }));
  } finally {
    if (!(fence instanceof WriterFenced)) await fence.release();
  }
}

function writerOf(error: unknown): WriterFenced {
  if (error instanceof WriterFenced) return error;
  throw error;
}

async function copy({ source, target, signal, terminal }: MigrateStoreRequest): Promise<void> {
  const from = await placeToGoOn(source, target);
  const head = await source.head();
  const bar = startProgress(terminal, 'Copying', head - from);
  const startedAtMs = performance.now();
  let position = from;
  try {
    // From the last event there on, whose commit may not be stored whole.
    for await (const commit of source.after(Math.max(0, from - 1))) {
      if (commit[0].position > head) break;
      signal.throwIfAborted();
      await target.store(commit);
      position = Math.max(position, commit[0].position + commit.length - 1);
      bar.update(position - from, `| ${rate(position - from, startedAtMs)}`);
    }
  } catch (error) {
    if (signal.aborted) writeLine(terminal, `Copied up to position ${position}. The same command goes on from there.`);
    throw error;
  } finally {
    bar.end();
  }
  if (position > from) writeLine(terminal, copiedSentence(from, position, startedAtMs));
  else writeLine(terminal, `All ${formatNumber(position)} events were there already.`);
}

/** Position in the source of the target's last event, 0 for none. What is before it was stored before it. */
async function placeToGoOn(source: SourceLog, target: TargetLog): Promise<number> {
  const last = await target.last();
  if (!last) return 0;
  const { position, id, type, stream } = last.event;
  if (last.isCopy) {
    for await (const commit of source.after(position - 1)) {
      if (commit.some((event) => event.position === position && event.id === id)) return position;
      break;
    }
  }
  throw new StartupError(
    `The target holds events that do not come from this log, the last of them ${type} in ${stream}. Use an empty one.`,
  );
}

/** A sale that a channel takes for delivered must not stay behind in the old database. */
async function isFinished(source: SourceLog, terminal: Terminal): Promise<boolean> {
  const unfinished = await source.unfinished();
  for (const sentence of unfinished) writeLine(terminal, sentence);
  if (unfinished.length === 0) return true;
  writeLine(
    terminal,
    'Not finished: these are not in the log. Start the system, let it record them (parked ones by POST /v1/channels/{channel}/parked-sales/{id}/retry), stop it, and run this command again.',
  );
  return false;
}

async function isEqual({ source, target, signal, terminal }: MigrateStoreRequest): Promise<boolean> {
  const head = await source.head();
  const bar = startProgress(terminal, 'Comparing', head);
  const startedAtMs = performance.now();
  const comparison = await compareLogs(source.after(0), target.events(), (position) => {
    signal.throwIfAborted();
    bar.update(position, `| ${rate(position, startedAtMs)}`);
  }).finally(() => bar.end());
  for (const example of comparison.examples) writeLine(terminal, `  ${example}`);
  const { events, streams, differences } = comparison;
  writeLine(
    terminal,
    `Compared ${formatNumber(events)} events in ${formatNumber(streams)} streams: ${differences === 0 ? 'no differences' : `${formatNumber(differences)} differences`}.`,
  );
  return differences === 0;
}

const copiedSentence = (from: number, to: number, startedAtMs: number): string =>
  `Copied ${formatNumber(to - from)} events in ${formatSeconds(performance.now() - startedAtMs)} (${rate(to - from, startedAtMs)})${from > 0 ? `; ${formatNumber(from)} were there already` : ''}.`;

const rate = (events: number, startedAtMs: number): string =>
  `${formatNumber((events * 1_000) / Math.max(1, performance.now() - startedAtMs))} events/s`;
