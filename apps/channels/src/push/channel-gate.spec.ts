import { describe, expect, it } from '@jest/globals';
import { ChannelGate } from './channel-gate.js';

const gateOf = (more: { requestsPerSecond?: number; random?: () => number } = {}) =>
  new ChannelGate({ requestsPerSecond: 10, openAfterFailures: 3, openMs: 1_000, random: () => 0.999, ...more });

describe('the gate of a channel', () => {
  it.each([1, 4, 10, 50])(
    'lets no more than the rate limit and its burst of a quarter second go, at %d/s',
    (requestsPerSecond) => {
      const gate = gateOf({ requestsPerSecond });
      let sent = 0;
      for (let nowMs = 0; nowMs < 10_000; nowMs += 1) {
        if (gate.waitMs(nowMs) > 0) continue;
        gate.start(250, nowMs);
        gate.succeeded(250);
        sent += 1;
      }
      expect(sent).toBeLessThanOrEqual(requestsPerSecond * 10 + Math.max(1, requestsPerSecond / 4));
      expect(sent).toBeGreaterThanOrEqual(requestsPerSecond * 10 - 1);
    },
  );

  it('waits as long as the channel asks', () => {
    const gate = gateOf();
    gate.start(250, 0);
    gate.throttled(0, 2_000);
    expect(gate.waitMs(500)).toBe(1_500);
    expect(gate.waitMs(2_000)).toBe(0);
    expect(gate.state).toBe('closed');
  });

  it('waits longer after each failure, with full jitter', () => {
    const pauses = [0.999, 0.999, 0.5].map((random, failures) => {
      const gate = new ChannelGate({
        requestsPerSecond: 1_000,
        openAfterFailures: 9,
        openMs: 1_000,
        random: () => random,
      });
      for (let failure = 0; failure <= failures; failure += 1) gate.failed(0);
      return gate.waitMs(0);
    });
    expect(pauses).toEqual([200, 400, 400]);
  });

  it('opens after failures in a row, probes with one listing, and closes when that is taken', () => {
    const gate = gateOf();
    for (let failure = 0; failure < 3; failure += 1) gate.failed(0);
    expect([gate.state, gate.waitMs(0)]).toEqual(['open', 1_000]);
    expect(gate.start(250, 1_000)).toBe(1);
    expect(gate.state).toBe('half-open');
    gate.succeeded(250);
    expect([gate.state, gate.start(250, 1_100)]).toEqual(['closed', 250]);
  });

  it('opens again when the probe fails', () => {
    const gate = gateOf();
    for (let failure = 0; failure < 3; failure += 1) gate.failed(0);
    gate.start(250, 1_000);
    gate.failed(1_000);
    expect([gate.state, gate.waitMs(1_000)]).toEqual(['open', 1_000]);
  });

  it('halves the batch while requests are refused and doubles it when they are taken', () => {
    const gate = gateOf({ requestsPerSecond: 1_000 });
    const next = (nowMs: number) => gate.start(100, nowMs);
    const sizes: number[] = [];
    for (let turn = 0; turn < 7; turn += 1) {
      const size = next(turn * 100);
      sizes.push(size);
      gate.refused(size);
    }
    expect(sizes).toEqual([100, 50, 25, 12, 6, 3, 1]);
    gate.succeeded(100);
    expect(next(1_000)).toBe(2);
  });
});
