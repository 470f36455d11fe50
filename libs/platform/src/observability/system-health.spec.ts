import { describe, expect, it } from '@jest/globals';
import type { ConsumerStatus } from '#messaging';
import type { RunnerStatus } from '#read-models';
import { consumersCheck, runnersCheck } from './system-health.js';

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
const retrying: RunnerStatus = { ...running, name: 'orders', state: 'retrying', ready: false, failures: 2 };

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
    let all = [running, retrying];
    const check = runnersCheck(() => all, { graceMs: 1_000, nowMs: () => nowMs });
    const detail = { orders: 'retrying, 2 failures in a row' };
    expect(check()).toEqual({ healthy: true, detail });
    nowMs = 1_000;
    expect(check()).toEqual({ healthy: true, detail });
    nowMs = 1_001;
    expect(check()).toEqual({ healthy: false, detail });
    all = [running];
    expect(check()).toEqual({ healthy: true, detail: {} });
    all = [{ ...retrying, state: 'rebuilding', failures: 0 }];
    expect(check()).toEqual({ healthy: true, detail: { orders: 'rebuilding' } });
  });
});

describe('the check of consumers', () => {
  it('counts a stuck partition when that lasts', () => {
    let nowMs = 0;
    const stuck = { ...consuming, ready: false, partitions: [partition, { ...partition, failures: 1, stuck: true }] };
    const check = consumersCheck(() => [consuming, { ...stuck, name: 'orders' }], { graceMs: 10, nowMs: () => nowMs });
    const detail = { orders: 'running, 1 partitions stuck, 1 partitions failing' };
    expect(check()).toEqual({ healthy: true, detail });
    nowMs = 11;
    expect(check()).toEqual({ healthy: false, detail });
  });
});
