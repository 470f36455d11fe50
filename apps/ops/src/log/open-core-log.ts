import { type Config, Shutdown } from '#platform';
import { openCore } from '#platform/host';
import { UsageError } from '../usage-error.js';
import type { OpenLog, StreamInfo } from './open-log.js';

/** The log and the views of an installation, opened for reading only. */
export async function openCoreLog(config: Config): Promise<OpenLog> {
  const shutdown = new Shutdown();
  const close = async (): Promise<void> => {
    await shutdown.run();
  };
  try {
    const { store, readModels } = await openCore(config, shutdown, { writer: false, name: 'ops' });
    const listStreams = async (prefix: string, limit: number) => {
      if (config.eventStoreDbUrl === undefined) return readModels.query<StreamInfo>(STREAMS_SQL, [prefix, limit]);
      throw new UsageError(
        'EventStoreDB does not list streams by the beginning of a name; its own web page finds them.',
      );
    };
    return { store, readModels, listStreams, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The names have collation C, so the index finds where those with the prefix begin. */
const STREAMS_SQL = `
select stream, max(first_revision + event_count - 1) as revision
  from event_store.stream_index
 where stream >= $1 and starts_with(stream, $1)
 group by stream order by stream limit $2`;
