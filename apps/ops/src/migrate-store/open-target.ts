import { StartupError } from '#platform';
import { UsageError } from '../usage-error.js';
import { EventStoreDbTarget } from './eventstoredb-target.js';
import { PostgresTarget } from './postgres-target.js';
import type { TargetLog } from './target-log.js';

/**
 * The log at an address. `holder` is reported to another writer of it. Throws {@link UsageError} for an unknown protocol,
 * StartupError when the log cannot be had.
 */
export async function openTarget(url: string, holder: string): Promise<TargetLog> {
  const isEventStoreDb = /^esdb(\+discover)?:\/\//.test(url);
  if (!isEventStoreDb && !/^postgres(ql)?:\/\//.test(url)) {
    throw new UsageError('The target must be an address such as esdb://host:2113 or postgres://user@host:5432/name.');
  }
  try {
    return isEventStoreDb ? await EventStoreDbTarget.open(url) : await PostgresTarget.open(url, holder);
  } catch (error) {
    throw new StartupError(`The target: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
