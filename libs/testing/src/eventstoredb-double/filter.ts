import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { LogRecord } from './double-log.js';

type FilterOptions = NonNullable<ReturnType<ReadReq.Options['getFilter']>>;

export interface DoubleFilter {
  readonly matches: (record: LogRecord) => boolean;
  /** Records looked at per page while catching up. */
  readonly maxSearchWindow: number;
  /** Records looked at between two checkpoints. */
  readonly checkpointInterval: number;
}

const DEFAULT_SEARCH_WINDOW = 32;

/** A filter on `$all` as the request of a read or of a persistent subscription describes it. */
export function filterOf(options: Pick<FilterOptions, keyof FilterOptions>): DoubleFilter {
  const byType = options.getEventType();
  const expression = byType ?? options.getStreamIdentifier();
  const regex = expression?.getRegex() ? new RegExp(expression.getRegex()) : undefined;
  const prefixes = expression?.getPrefixList() ?? [];
  const maxSearchWindow = options.hasMax() ? options.getMax() : DEFAULT_SEARCH_WINDOW;
  return {
    matches: (record) => {
      const text = byType ? record.type : record.stream;
      return regex ? regex.test(text) : prefixes.some((prefix) => text.startsWith(prefix));
    },
    maxSearchWindow,
    checkpointInterval: maxSearchWindow * options.getCheckpointintervalmultiplier(),
  };
}
