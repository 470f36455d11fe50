import type { EventStore } from '#event-sourcing';
import type { ReadModels } from '#read-models';

/** The log and the views of a data directory, for reading: works beside a running system and without one. */
export interface OpenLog {
  /** Behind the event registry, so old events come as the code knows them today. Never written to. */
  readonly store: EventStore;
  readonly readModels: ReadModels;
  /** Streams whose name begins with `prefix`, by name, at most `limit`. */
  listStreams(prefix: string, limit: number): Promise<readonly StreamInfo[]>;
  close(): Promise<void>;
}

export interface StreamInfo {
  readonly stream: string;
  /** Of its last event, from 0. */
  readonly revision: number;
}

/** Opens the database of the data directory; attaches to a server that runs there, starts it otherwise. */
export type OpenLogFunction = () => Promise<OpenLog>;

/** Opens the log for one piece of work and closes it afterwards, whatever happens. */
export async function withLog<Result>(open: OpenLogFunction, work: (log: OpenLog) => Promise<Result>): Promise<Result> {
  const log = await open();
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}
