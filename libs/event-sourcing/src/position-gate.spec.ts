import { describe, expect, it } from '@jest/globals';
import { PositionGate } from './position-gate.js';

describe('a gate that waits for a position', () => {
  it('lets go who waits for what is reached, and keeps the others', async () => {
    const gate = new PositionGate(3);
    const [at, past, far] = [gate.waitFor(4), gate.waitUntilPast(3), gate.waitFor(9)];
    gate.advance(4);
    expect(await Promise.all([at, past])).toEqual([true, true]);
    expect(gate.waiting).toBe(1);
    gate.advance(20);
    expect([await far, gate.position, gate.waiting]).toEqual([true, 20, 0]);
  });

  it('answers at once for what was reached before, and does not go back', async () => {
    const gate = new PositionGate(7);
    gate.advance(2);
    expect([gate.position, await gate.waitFor(7)]).toEqual([7, true]);
  });

  it('ends a wait after its time, at the signal, and for a signal that has aborted already', async () => {
    const gate = new PositionGate();
    const stop = new AbortController();
    const waits = [gate.waitFor(1, { timeoutMs: 5 }), gate.waitUntilPast(0, { signal: stop.signal })];
    stop.abort();
    expect(await Promise.all(waits)).toEqual([false, false]);
    expect(await gate.waitFor(1, { signal: stop.signal })).toBe(false);
    expect(gate.waiting).toBe(0);
  });

  it('lets go who waits for anything new when it is stirred, and not who waits for a position', async () => {
    const gate = new PositionGate(1);
    const stop = new AbortController();
    const [past, at] = [gate.waitUntilPast(1), gate.waitFor(2, { signal: stop.signal })];
    gate.stir();
    expect([await past, gate.waiting]).toEqual([true, 1]);
    stop.abort();
    expect(await at).toBe(false);
  });

  it('lets everybody go when it closes', async () => {
    const gate = new PositionGate();
    const waiting = gate.waitFor(1);
    gate.close();
    expect([await waiting, await gate.waitFor(1)]).toEqual([false, false]);
  });
});
