import { CommandRunner, type DomainEvent, type Outcome } from '#event-sourcing';
import { Rejected } from '#kernel';
import { differencesOf } from '../../../apps/inventory/src/processes/when-an-order-changes-follow-with-stock/when-an-order-changes-follow-with-stock.js';
import { movedSince } from '../../../apps/inventory/src/stock/movements.decide.js';
import { shortageAt } from '../../../apps/inventory/src/stock/shortages.js';
import { elapse } from '../../../apps/inventory/src/stock/stock.decide.js';
import {
  addToFigures,
  availableToFulfil,
  free,
  levelAt,
  shortageOf,
  unbound,
} from '../../../apps/inventory/src/stock/stock-levels.js';
import { inFunction, inMethod, type PlantedBug } from '../kit/planting.js';

/** In what is decided about stock and orders. */
export const decisionBugs: readonly PlantedBug[] = [
  {
    name: 'expiry-ignored',
    what: 'A hold that ran out stays a hold.',
    faults: [inFunction(elapse, () => () => [])],
  },
  {
    name: 'holds-not-counted',
    what: 'Units that are held for a cart can be promised to another caller.',
    faults: [inFunction(availableToFulfil, () => (level) => Math.max(0, unbound(level) - level.safety))],
  },
  {
    name: 'safety-stock-ignored',
    what: 'Safety stock is promised like any other.',
    faults: [inFunction(availableToFulfil, () => (level) => Math.max(0, free(level)))],
  },
  {
    name: 'count-applied-without-position',
    what: 'A count overwrites what moved after the counter had looked.',
    faults: [inFunction(movedSince, () => () => 0)],
  },
  {
    name: 'return-added-to-wrong-counter',
    what: 'Damaged goods that come back are counted as allocated.',
    faults: [
      inFunction(addToFigures, (add) => (figures, event) => {
        if (event.type !== 'StockReturned' || event.data.condition === 'available') return add(figures, event);
        levelAt(figures, event.data.locationId).allocated += event.data.units;
        return add(figures, { ...event, data: { ...event.data, condition: 'available' } });
      }),
    ],
  },
  {
    name: 'shortage-not-resolved',
    what: 'A shortage that shrinks stays as it was.',
    faults: [
      inFunction(
        shortageAt,
        (original) => (locationId, level) => (shortageOf(level) < level.shortage ? [] : original(locationId, level)),
      ),
    ],
  },
  {
    name: 'amendment-only-grows',
    what: 'An amended order that wants less keeps what it had.',
    faults: [inFunction(differencesOf, (original) => (changes) => ({ ...original(changes), fewer: [] }))],
  },
  {
    name: 'order-partly-allocated',
    what: 'A line that is short is left out, and the rest of the order is allocated.',
    faults: [
      inMethod(
        CommandRunner,
        'executeTogether',
        (together) =>
          async function (commands, origin) {
            if (commands.length === 1) return together.call(this, commands, origin);
            const attempts = commands.map((command) => this.execute({ ...command, ...origin }));
            const results = await Promise.all(attempts.map((attempt) => attempt.catch(refusalIn)));
            if (results.every((result) => result instanceof Rejected)) throw results[0];
            return results.map((result) => (result instanceof Rejected ? UNCHANGED : result));
          },
      ),
    ],
  },
];

function refusalIn(error: unknown): Rejected {
  if (error instanceof Rejected) return error;
  throw error;
}

const UNCHANGED: Outcome<DomainEvent> = { events: [], repeated: false, revision: -1, position: 0 };
