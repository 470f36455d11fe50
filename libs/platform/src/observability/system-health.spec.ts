import { describe, expect, it } from '@jest/globals';
import type { AvailabilityRelayStatus, ConsumerStatus } from '#messaging';
import type { RunnerStatus } from '#read-models';
import { availabilityRelayCheck, consumersCheck, runnersCheck } from './system-health.js';

const running: RunnerStatus = {
  kind: 'projection',
  name: 'stock',
  version: 1,
  state: 'running',
  ready: true,
  caughtUp: true,
  position: 1,
  events: 1,
  failures: 0,
  parked: 0,
};
const STUMBLED = 'StockReceived of stock-T at position 4: integer out of range';
const retrying = { ...running, name: 'orders', state: 'retrying', ready: false, failures: 2, error: STUMBLED } as const;

const partition = {
  topic: 't',
  partition: 0,
  nextOffset: 1,
  position: 1,
  lag: 5,
  parked: 0,
  failures: 0,
  stuck: false,
};
const consuming: ConsumerStatus = {
  name: 'stock',
  state: 'running',
  ready: true,
  messages: 0,
  pages: 0,
  repeats: 0,
  skipped: 0,
  missing: 0,
  parked: 0,
  rebalances: 0,
  restarts: 0,
  partitions: [partition],
};

describe('the check of views and processes', () => {
  it('is fine while all work or stand by', () => {
    expect(runnersCheck(() => [running, { ...running, name: 'b', state: 'standby' }])()).toEqual({
      healthy: true,
      detail: {},
    });
  });

  it('names what does not work, and counts it only when that lasts', () => {
    let nowMs = 0;
    let all: RunnerStatus[] = [running, retrying];
    const check = runnersCheck(() => all, { graceMs: 1_000, nowMs: () => nowMs });
    const detail = { orders: `retrying, 2 failures in a row, ${STUMBLED}` };
    expect(check()).toEqual({ healthy: true, degraded: true, detail });
    nowMs = 1_000;
    expect(check()).toEqual({ healthy: true, degraded: true, detail });
    nowMs = 1_001;
    expect(check()).toEqual({ healthy: false, degraded: true, detail });
    all = [running];
    expect(check()).toEqual({ healthy: true, detail: {} });
    all = [{ ...retrying, state: 'rebuilding', failures: 0, error: '' }];
    expect(check()).toEqual({ healthy: true, degraded: true, detail: { orders: 'rebuilding' } });
  });

  it('is degraded, and stays so, while events are parked, and names the first', () => {
    let nowMs = 0;
    const firstParked = STUMBLED;
    const check = runnersCheck(() => [running, { ...running, name: 'orders', parked: 3, firstParked }], {
      graceMs: 10,
      nowMs: () => nowMs,
    });
    for (nowMs of [0, 1_000_000])
      expect(check()).toEqual({
        healthy: true,
        degraded: true,
        detail: { orders: `running, 3 events parked, ${firstParked}` },
      });
  });
});

describe('the check of consumers', () => {
  it('counts a stuck partition when that lasts', () => {
    let nowMs = 0;
    const stuck = { ...consuming, ready: false, partitions: [partition, { ...partition, failures: 1, stuck: true }] };
    const check = consumersCheck(() => [consuming, { ...stuck, name: 'orders' }], { graceMs: 10, nowMs: () => nowMs });
    const detail = { orders: 'running, 1 partitions stuck, 1 partitions failing' };
    expect(check()).toEqual({ healthy: true, degraded: true, detail });
    nowMs = 11;
    expect(check()).toEqual({ healthy: false, degraded: true, detail });
  });

  it('is degraded while messages lie in the dead letters', () => {
    const check = consumersCheck(() => [{ ...consuming, parked: 2 }]);
    expect(check()).toEqual({ healthy: true, degraded: true, detail: { stock: 'running, 2 messages parked' } });
  });
});

describe('the check of the availability relay', () => {
  it('is degraded at once and not healthy when it lasts that nothing is sent', () => {
    let nowMs = 0;
    let status: AvailabilityRelayStatus | undefined;
    const check = availabilityRelayCheck(() => status, { graceMs: 10, nowMs: () => nowMs });
    expect(check()).toEqual({ healthy: true });
    status = { state: 'retrying', sequence: 3, messages: 3, failures: 2, error: 'no broker' };
    const detail = { 'relay-availability-to-kafka': 'retrying, 2 failures in a row, no broker' };
    expect(check()).toEqual({ healthy: true, degraded: true, detail });
    nowMs = 11;
    expect(check()).toEqual({ healthy: false, degraded: true, detail });
    status = { state: 'standby', sequence: 3, messages: 3, failures: 0 };
    expect(check()).toEqual({ healthy: true, detail: {} });
  });
});
