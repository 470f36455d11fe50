import { Backend } from './database/backend.js';
import { Engine } from './database/engine.js';
import { DatabaseServer } from './database/server.js';
import { query } from './database/wire.js';
import { takeOverGlobals } from './kit/globals.js';
import { Scheduler } from './kit/scheduler.js';
import type { Machinery } from './world/world.js';

/**
 * Starts the database and takes over clock, timers, chance and network of this Node process. Call it before anything of
 * the system is imported, and only in a process that does nothing else.
 */
export async function startMachinery(): Promise<Machinery> {
  // Node makes these of sockets when they are first asked for.
  for (const stream of [process.stdout, process.stderr]) stream.writable;
  const engine = await Engine.start();
  engine.exchange(query('listen event_store'));
  const scheduler = new Scheduler();
  const nowhere = (): never => {
    throw new Error('There is no world yet.');
  };
  const outside: { socket: () => object; fetch: typeof fetch } = { socket: nowhere, fetch: nowhere };
  takeOverGlobals(scheduler, {
    socket: () => outside.socket(),
    fetch: (input, init) => outside.fetch(input, init),
  });
  const backend = new Backend(engine);
  return { scheduler, backend, database: new DatabaseServer(scheduler, backend), outside };
}
