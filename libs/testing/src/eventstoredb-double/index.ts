import type { EventStoreDbDouble, EventStoreDbDoubleOptions } from './eventstoredb-double.js';
import type { ServerVersion } from './server.js';

export { MAX_APPEND_BYTES_MAX } from './server.js';
export type { EventStoreDbDouble, EventStoreDbDoubleOptions, ServerVersion };

/** Starts a double. Loads gRPC and the client's messages then and not before, for the sake of specs that need neither. */
export async function startEventStoreDbDouble(options?: EventStoreDbDoubleOptions): Promise<EventStoreDbDouble> {
  const module = await import('./eventstoredb-double.js');
  return module.EventStoreDbDouble.start(options);
}
