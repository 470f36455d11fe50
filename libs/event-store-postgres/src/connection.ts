import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientConfig, DatabaseError, type PoolConfig, types } from 'pg';
import { EventStoreUnavailable, WriterFenced } from '#event-sourcing';

/** How long an append or a read waits for a database that is away before its caller gets an error. */
export const RETRY_FOR_MS = 30_000;

/** Pairs for pg_advisory_lock; the first number ("evst") keeps them apart from locks of other programs. */
export const advisoryLocks = { writer: [0x65767374, 1], schema: [0x65767374, 2] } as const satisfies Record<
  string,
  readonly number[]
>;

const INT8_OID = 20;

/**
 * All that is asked here is found along an index, and a plan is made once per connection. Left to itself the planner takes a
 * hot stream for most of the log: to load ten such streams it would read every commit there is. Nor is a statement of a
 * millisecond worth compiling.
 */
const BY_INDEX =
  '-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off';

/** Positions fit a JavaScript number: bigint columns are read as such and not as strings. */
const clientConfig = (url: string, name: string): ClientConfig => ({
  connectionString: url,
  application_name: name,
  options: BY_INDEX,
  connectionTimeoutMillis: 5_000,
  keepAlive: true,
  keepAliveInitialDelayMillis: 5_000,
  types: { getTypeParser: (oid, format) => (oid === INT8_OID ? Number : types.getTypeParser(oid, format)) },
});

/** A client to connect. That its connection was lost is reported by `end` and by its queries: an error without a listener ends the process. */
export function newClient(url: string, name: string, options: ClientConfig = {}): Client {
  const client = new Client({ ...clientConfig(url, name), ...options });
  client.on('error', () => {});
  return client;
}

/** For a pool of at most so many connections. */
export const poolConfig = (url: string, name: string, max: number): PoolConfig => ({
  ...clientConfig(url, name),
  max,
  // One stays open: to connect again for every look at the log would cost more than the look.
  min: 1,
  // The pool listens to connections that lie idle, and who has one by its queries. A server that dies while it greets is heard
  // by neither, and an error without a listener ends the process; the first query on that connection fails anyway.
  onConnect: (client) => void client.on('error', () => {}),
});

/** True when the statement may or may not have been carried out because the connection or the server went away. */
export function isConnectionLoss(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) return false;
  if (error instanceof EventStoreUnavailable || error instanceof WriterFenced) return false;
  if (!(error instanceof DatabaseError)) return true;
  // 08: connection; 57P01-57P05: shut down, crash, starting up, database dropped, idle; 53300: too many connections.
  return /^(08|57P|53300)/.test(error.code ?? '');
}

/** True when the statement was refused for want of room: 53 is insufficient resources, above all a full disk (53100). */
export const isFull = (error: unknown): boolean => error instanceof DatabaseError && /^53/.test(error.code ?? '');

/** Waits between attempts to connect: quick at first, for a server that only restarts, then once a second. */
export const backOff = (attempt: number): Promise<void> => delay(Math.min(50 * 2 ** attempt, 1_000));

/** Repeats a read over lost connections until it answers, `mayGoOn` says no, or the time is up. */
export async function withRetry<T>(
  read: () => Promise<T>,
  {
    timeoutMs = RETRY_FOR_MS,
    mayGoOn = () => true,
  }: { readonly timeoutMs?: number; readonly mayGoOn?: () => boolean } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (!isConnectionLoss(error) || !mayGoOn()) throw error;
      if (performance.now() > deadline) throw unavailable(error);
      await backOff(attempt);
    }
  }
}

export const unavailable = (cause: unknown): EventStoreUnavailable =>
  new EventStoreUnavailable(
    `The event store did not answer for ${RETRY_FOR_MS / 1000} seconds. An append may have been stored all the same; repeat it with the same event ids.`,
    { cause },
  );
