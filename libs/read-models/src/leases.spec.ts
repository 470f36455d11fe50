import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { type LeaseConnection, Leases } from './leases.js';

/** A connection that gets every lock it asks for. */
function connectionOver(client: EventEmitter): LeaseConnection {
  return {
    connect: () => Promise.resolve(client),
    query: () => Promise.resolve([{ answer: true }]),
    release: () => Promise.resolve(),
    isReleased: false,
  };
}

describe('leases', () => {
  it('of a new connection outlive the second word of the broken one', async () => {
    const clients = [new EventEmitter(), new EventEmitter()] as const;
    let connections = 0;
    const leases = new Leases(() => connectionOver(clients[connections++ === 0 ? 0 : 1]));
    const before = await leases.tryAcquire('view');
    clients[0].emit('error', new Error('terminated'));
    expect(before?.lost.aborted).toBe(true);
    const after = await leases.tryAcquire('view');
    clients[0].emit('end');
    expect(after?.lost.aborted).toBe(false);
    expect(await leases.tryAcquire('view')).toBeUndefined();
    expect(connections).toBe(2);
  });
});
