import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { StockEvent } from '#contracts';
import { Rejected } from '#kernel';
import type { ChannelPolicy } from '../supply/channel-terms.js';
import { availableToSell } from './available-to-sell.js';
import type { StockCommand } from './stock.decide.js';
import { stockDecider } from './stock.decider.js';
import { type Stock } from './stock.js';
import { stockSnapshot } from './stock.snapshot.js';
import { availableToFulfil, shortageOf, sum, unbound } from './stock-levels.js';

const channels = ['shop', 'amazon', 'till'];
const locations = ['main', 'store'];
const policyOf = (channel: string): ChannelPolicy => ({
  channel,
  supply: channel === 'till' ? ['store'] : locations,
  buffer: 0,
  sharePercent: 100,
});

const units = fc.integer({ min: 1, max: 6 });
const locationId = fc.constantFrom(...locations);
const policy = fc.constantFrom(...channels.map(policyOf));
const reservationId = fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5');
const orderId = fc.constantFrom('o1', 'o2', 'shop.o1', 'amazon.o2', 'till.o1');
const lineId = fc.constantFrom('1', '2');
const lines = fc.record({ lineId, units }).map((line) => [line]);
const askedLines = fc.uniqueArray(
  fc.record({ lineId, units, reservationId: fc.option(reservationId, { nil: undefined }) }),
  { minLength: 1, selector: (line) => line.lineId },
);

const request = fc.oneof(
  fc.record({
    type: fc.constant('ReserveStock' as const),
    reservationId,
    units,
    ttlSeconds: fc.integer({ min: 1, max: 20 }),
    policy,
  }),
  fc.record({
    type: fc.constant('ConfirmReservation' as const),
    reservationId,
    orderId,
    lineId,
    policy,
  }),
  fc.record({ type: fc.constant('ReleaseReservation' as const), reservationId }),
  fc.record({
    type: fc.constant('AllocateLines' as const),
    as: fc.constant('request' as const),
    orderId,
    lines: askedLines,
    policy,
  }),
  fc.record({ type: fc.constant('CancelAllocation' as const), orderId, lines }),
  fc.record({ type: fc.constant('SetSafetyStock' as const), locationId, units: fc.nat(3) }),
  fc.record(
    {
      type: fc.constant('SetChannelRule' as const),
      channel: fc.constantFrom(...channels),
      buffer: fc.nat(2),
      cap: units,
      quota: units,
    },
    { requiredKeys: ['type', 'channel'] },
  ),
);
const receipt = fc.record(
  { type: fc.constant('ReceiveStock' as const), locationId, units, reference: fc.constantFrom('n1', 'n2') },
  { requiredKeys: ['type', 'locationId', 'units'] },
);
const adjustment = fc.record({
  type: fc.constant('AdjustStock' as const),
  locationId,
  onHand: fc.integer({ min: -4, max: 4 }),
  unavailable: fc.constant(0),
  reason: fc.constant('x'),
});
const fact = fc.oneof(
  receipt,
  fc.record({
    type: fc.constant('MoveStock' as const),
    movements: fc.array(fc.oneof(receipt, adjustment), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('AllocateLines' as const), as: fc.constant('fact' as const), orderId, lines, policy }),
  fc.record({
    type: fc.constant('ShipStock' as const),
    orderId,
    lines,
    channel: fc.constantFrom(...channels),
    locationId: fc.option(locationId, { nil: undefined }),
    supply: fc.constantFrom(undefined, locations),
  }),
  fc.record({
    type: fc.constant('ReturnStock' as const),
    returnId: orderId,
    locationId,
    units,
    condition: fc.constantFrom('available' as const, 'damaged' as const),
  }),
  adjustment,
  fc.record({ type: fc.constant('CountStock' as const), locationId, counted: fc.nat(9) }),
);
const step = (command: fc.Arbitrary<StockCommand>) => fc.record({ command, seconds: fc.nat(8) });

/** Runs commands as the runner does and calls `after` behind each decision. */
function run(
  steps: readonly { command: StockCommand; seconds: number }[],
  after: (state: Stock, events: readonly StockEvent[]) => void,
): void {
  let state = stockDecider.initialState();
  let now = 0;
  for (const { command, seconds } of steps) {
    now += seconds * 1_000;
    const elapsed = stockDecider.elapse?.(state, now) ?? [];
    for (const event of elapsed) state = stockDecider.evolve(state, event);
    const answer = stockDecider.decide(command, state, { now });
    const events = answer instanceof Rejected ? [] : answer;
    for (const event of events) state = stockDecider.evolve(state, event);
    after(state, [...elapsed, ...events]);
  }
}

describe('whatever is done to a SKU', () => {
  it('requests alone never bind or hold more than the shelf has', () => {
    const receipts = fc.record({ type: fc.constant('ReceiveStock' as const), locationId, units });
    fc.assert(
      fc.property(fc.array(step(fc.oneof(request, request, receipts)), { maxLength: 60 }), (steps) => {
        run(steps, ({ figures }) => {
          for (const level of Object.values(figures.levels)) {
            expect(unbound(level) - level.reserved).toBeGreaterThanOrEqual(0);
            expect(shortageOf(level)).toBe(0);
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it('numbers add up, and shortages say exactly what is missing', () => {
    fc.assert(
      fc.property(fc.array(step(fc.oneof(request, fact)), { maxLength: 60 }), (steps) => {
        run(steps, (state) => {
          const held = totalsOf([...state.holds.values()]);
          const bound = totalsOf([...state.allocations.values()].flat());
          for (const [location, level] of Object.entries(state.figures.levels)) {
            expect(level.onHand).toBeGreaterThanOrEqual(0);
            expect(level.unavailable).toBeGreaterThanOrEqual(0);
            expect(level.unavailable).toBeLessThanOrEqual(level.onHand);
            expect(level.reserved).toBe(held.get(location) ?? 0);
            expect(level.allocated).toBe(bound.get(location) ?? 0);
            expect(level.shortage).toBe(shortageOf(level));
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it('no channel is shown more than its supply could give', () => {
    fc.assert(
      fc.property(fc.array(step(fc.oneof(request, fact)), { maxLength: 40 }), (steps) => {
        run(steps, ({ figures }) => {
          for (const channel of channels) {
            const supplied = policyOf(channel).supply.reduce(
              (sum, id) => sum + (figures.levels[id] ? availableToFulfil(figures.levels[id]) : 0),
              0,
            );
            expect(availableToSell(figures, policyOf(channel))).toBeLessThanOrEqual(supplied);
          }
        });
      }),
      { numRuns: 200 },
    );
  });

  it('no channel is shown what another of the same supply has sold already, wherever it is missing', () => {
    fc.assert(
      fc.property(fc.array(step(fc.oneof(request, fact)), { maxLength: 40 }), (steps) => {
        run(steps, ({ figures }) => {
          const waiting = Object.values(figures.waiting).flat();
          const missing = Object.values(figures.levels).reduce((sum, level) => sum + shortageOf(level), 0);
          expect(waiting.reduce((sum, each) => sum + each.units, 0)).toBe(missing);
          const left = Object.values(figures.levels).reduce((sum, level) => sum + unbound(level), 0);
          for (const channel of ['shop', 'amazon'])
            expect(availableToSell(figures, policyOf(channel))).toBeLessThanOrEqual(Math.max(0, left));
        });
      }),
      { numRuns: 200 },
    );
  });

  it('an order that asks once has exactly what it asked for, however much was confirmed for it before', () => {
    fc.assert(
      fc.property(fc.array(step(fc.oneof(request, fact)), { maxLength: 40 }), units, policy, (steps, asked, from) => {
        let state = stockDecider.initialState();
        const id = `${from.channel}.late`;
        const confirmed = steps.map(({ command, seconds }) => ({
          seconds,
          command: command.type === 'ConfirmReservation' ? { ...command, orderId: 'late' } : command,
        }));
        const sale = {
          type: 'AllocateLines',
          as: 'fact',
          orderId: id,
          lines: [{ lineId: 'x', units: asked }],
        } as const;
        run([...confirmed, { command: { ...sale, policy: from }, seconds: 0 }], (after) => {
          state = after;
        });
        const bound = ['late', id].flatMap((known) => state.allocations.get(known) ?? []);
        const own = bound.filter(({ channel }) => channel === from.channel);
        expect(own.map(({ lineId: line, from: places }) => [line, sum(places)])).toEqual([['x', asked]]);
      }),
      { numRuns: 200 },
    );
  });

  it('no quota is used by less than nothing or by what was taken before it was set', () => {
    fc.assert(
      fc.property(fc.array(step(fc.oneof(request, fact)), { maxLength: 60 }), (steps) => {
        run(steps, (state) => {
          for (const { from, beforeQuota } of [...state.holds.values(), ...[...state.allocations.values()].flat()]) {
            expect(beforeQuota).toBeGreaterThanOrEqual(0);
            expect(beforeQuota).toBeLessThanOrEqual(sum(from));
          }
          for (const [channel, used] of Object.entries(state.figures.quotaUsed)) {
            const taken = [...state.holds.values(), ...[...state.allocations.values()].flat()]
              .filter((each) => each.channel === channel)
              .reduce((total, { from, beforeQuota }) => total + sum(from) - beforeQuota, 0);
            expect(used).toBeGreaterThanOrEqual(taken);
          }
        });
      }),
      { numRuns: 300 },
    );
  });

  it('a snapshot at the end is read back as what it was taken from', () => {
    fc.assert(
      fc.property(fc.array(step(fc.oneof(request, fact)), { maxLength: 40 }), (steps) => {
        let state = stockDecider.initialState();
        run(steps, (after) => {
          state = after;
        });
        const { due, ...restored } = stockSnapshot.read(JSON.parse(JSON.stringify(stockSnapshot.write(state))));
        expect({ ...restored, due: state.due }).toEqual(state);
        expect([...restored.holds.keys()]).toEqual([...state.holds.keys()]);
        expect(due.data.map((hold) => hold.reservationId).sort()).toEqual([...state.holds.keys()].sort());
      }),
      { numRuns: 200 },
    );
  });
});

function totalsOf(parts: readonly { from: readonly { locationId: string; units: number }[] }[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { from } of parts)
    for (const part of from) totals.set(part.locationId, (totals.get(part.locationId) ?? 0) + part.units);
  return totals;
}
