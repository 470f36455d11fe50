import { describe, expect, it } from '@jest/globals';
import type { Figures } from './demo-metrics.js';
import { CHANNELS } from './demo-plan.js';
import { DemoScreen, type Moment } from './demo-screen.js';

const figures = (over: Partial<Figures> = {}): Figures => ({
  atMs: 65_000,
  orders: 1_240,
  units: 3_600,
  pushes: 9_000,
  events: 25_000,
  oversoldUnits: 0,
  memoryBytes: 311_000_000,
  channels: CHANNELS.map(({ channel }, index) => ({
    channel,
    orders: 248,
    p50Ms: 10 + index,
    p99Ms: 40 + index,
    waiting: 2,
    shoppersPerSecond: 8,
  })),
  ...over,
});

const moment: Moment = {
  figures: figures(),
  before: figures({ atMs: 63_000, orders: 1_160, units: 3_360, pushes: 8_500, events: 24_000 }),
  startedAtMs: 0,
  docsUrl: 'http://127.0.0.1:3000/docs',
};

function drawn(isTTY: boolean, moments: readonly Moment[]): string[] {
  const written: string[] = [];
  const screen = new DemoScreen({ isTTY, write: (text) => written.push(text) });
  for (const each of moments) screen.show(each);
  return written;
}

describe('the screen of the demo', () => {
  it('shows rates, totals, lag per channel, oversells, memory and where the API docs are', () => {
    const [text = ''] = drawn(true, [moment]);
    for (const expected of [
      /for 00:01:05/,
      /orders +40\.0 +1,240/,
      /units +120\.0 +3,600/,
      /stock pushes +250\.0 +9,000/,
      /events in the log +500\.0 +25,000/,
      /etsy +0\.0 +13 ms +43 ms +2/,
      /oversells 0 +memory 311 MB +API docs http:\/\/127\.0\.0\.1:3000\/docs/,
    ]) {
      expect(text).toMatch(expected);
    }
  });

  it('draws over what it drew before', () => {
    const [first = '', second = ''] = drawn(true, [moment, moment]);
    const lines = first.split('\n').length - 1;
    expect(first.startsWith('\r')).toBe(true);
    expect(second.startsWith(`\u001b[${lines}A\r`)).toBe(true);
  });

  it('writes one plain line where there is no terminal', () => {
    expect(drawn(false, [{ ...moment, note: 'Something is wrong.' }])).toEqual([
      'orders/s 40.0 | units/s 120.0 | events 25000 | lag p50 12 ms | p99 44 ms | pushes/s 250.0 | oversells 0 | memory 311 MB | Something is wrong.\n',
    ]);
  });
});
