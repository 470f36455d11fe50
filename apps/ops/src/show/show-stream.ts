import type { EventStore, RecordedEvent } from '#event-sourcing';
import { type Terminal, writeLine } from '../console/terminal.js';
import type { OpenLog } from '../log/open-log.js';

export interface ShowOptions {
  /** First revision to show. */
  readonly from: number;
  /** Events to show at most. */
  readonly limit: number;
  /** Show this many from the end instead. */
  readonly last?: number | undefined;
  /** One JSON object per line. */
  readonly json: boolean;
}

/** Prints the events of a stream in their order, and answers how many there were to print. */
export async function showStream(
  store: EventStore,
  stream: string,
  options: ShowOptions,
  terminal: Terminal,
): Promise<number> {
  let shown = 0;
  for await (const events of pagesOf(store, stream, options)) {
    for (const event of events) writeLine(terminal, options.json ? JSON.stringify(event) : readable(event));
    shown += events.length;
  }
  return shown;
}

/** Prints the streams whose name begins with a prefix, and answers how many. */
export async function showStreams(
  log: OpenLog,
  prefix: string,
  { limit, json }: ShowOptions,
  terminal: Terminal,
): Promise<number> {
  const streams = await log.listStreams(prefix, limit);
  for (const info of streams) {
    writeLine(
      terminal,
      json ? JSON.stringify(info) : `${String(info.revision + 1).padStart(9)} events  ${info.stream}`,
    );
  }
  return streams.length;
}

const PAGE_SIZE = 1_000;

async function* pagesOf(
  store: EventStore,
  stream: string,
  { from, limit, last }: ShowOptions,
): AsyncGenerator<readonly RecordedEvent[]> {
  if (last !== undefined) {
    yield (await store.readStream(stream, { limit: last, direction: 'backwards' })).toReversed();
    return;
  }
  for (let next = from, left = limit; left > 0; ) {
    const events = await store.readStream(stream, { from: next, limit: Math.min(left, PAGE_SIZE) });
    if (events.length === 0) return;
    yield events;
    next += events.length;
    left -= events.length;
  }
}

const readable = ({ revision, position, recordedAt, type, data, metadata }: RecordedEvent): string =>
  `${String(revision).padStart(6)}  at ${position}  ${recordedAt}  ${type}  by ${metadata.actor}\n        ${JSON.stringify(data)}`;
