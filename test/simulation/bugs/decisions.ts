import type { PlantedBug } from '../kit/planting.js';

const figures = 'apps/inventory/src/stock/stock-levels.ts';
const follow =
  'apps/inventory/src/processes/when-an-order-changes-follow-with-stock/when-an-order-changes-follow-with-stock.ts';

/** In what is decided about stock and orders. */
export const decisionBugs: readonly PlantedBug[] = [
  {
    name: 'expiry-ignored',
    what: 'A hold that ran out stays a hold.',
    edits: [
      {
        file: 'libs/event-sourcing/src/command-runner.ts',
        find: 'mailbox.decider.elapse?.(mailbox.state, now) ?? []',
        replace: '[]',
      },
    ],
  },
  {
    name: 'holds-not-counted',
    what: 'Units that are held for a cart can be promised to somebody else.',
    edits: [
      {
        file: figures,
        find: 'Math.max(0, free(level) - level.safety)',
        replace: 'Math.max(0, unbound(level) - level.safety)',
      },
    ],
  },
  {
    name: 'safety-stock-ignored',
    what: 'Safety stock is promised like any other.',
    edits: [{ file: figures, find: 'Math.max(0, free(level) - level.safety)', replace: 'Math.max(0, free(level))' }],
  },
  {
    name: 'count-applied-without-position',
    what: 'A count overwrites what moved after somebody had counted.',
    edits: [
      {
        file: 'apps/inventory/src/stock/movements.decide.ts',
        find: 'movement.revision > asOf &&',
        replace: 'movement.revision > stock.revision &&',
      },
    ],
  },
  {
    name: 'return-added-to-wrong-counter',
    what: 'Damaged goods that come back are counted as allocated.',
    shownBy: 11,
    edits: [
      {
        file: figures,
        find: 'levelAt(figures, event.data.locationId).unavailable += event.data.units;',
        replace: 'levelAt(figures, event.data.locationId).allocated += event.data.units;',
      },
    ],
  },
  {
    name: 'shortage-not-resolved',
    what: 'A shortage that shrinks stays as it was.',
    edits: [
      {
        file: 'apps/inventory/src/stock/shortages.ts',
        find: 'if (units === level.shortage) return [];',
        replace: 'if (units <= level.shortage) return [];',
      },
    ],
  },
  {
    name: 'amendment-only-grows',
    what: 'An amended order that wants less keeps what it had.',
    edits: [{ file: follow, find: 'change.unitsAfter < change.unitsBefore', replace: 'false' }],
  },
  {
    name: 'order-partly-allocated',
    what: 'A line that is short is left out, and the rest of the order is allocated.',
    edits: [
      {
        file: 'libs/event-sourcing/src/command-runner.ts',
        find: 'if (refusal) return {',
        replace: 'if (refusal && targets.length === 1) return {',
      },
    ],
  },
];
