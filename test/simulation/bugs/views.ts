import { changesOf } from '../../../apps/inventory/src/views/due-reservations/due-reservations.projection.js';
import { reproject } from '../../../apps/inventory/src/views/stock/stock.projection.js';
import { DayChanges } from '../../../apps/orders/src/views/orders/day-changes.js';
import { advanceCheckpoint, replaceCheckpoint } from '../../../libs/read-models/src/checkpoints.js';
import { whenLost } from '../../../libs/read-models/src/leases.js';
import { commitPage } from '../../../libs/read-models/src/projection-runner.js';
import { react } from '../../../libs/read-models/src/reaction-runner.js';
import { ScratchBuild } from '../../../libs/read-models/src/rebuild.js';
import { inFunction, inMethod, type PlantedBug } from '../kit/planting.js';

/** In views, processes and the leases under them. */
export const viewBugs: readonly PlantedBug[] = [
  {
    name: 'checkpoint-before-rows',
    what: 'The checkpoint is stored in a transaction of its own, before the rows.',
    faults: [
      inFunction(commitPage, () => async (transaction, { key, from, to, events }, writeRows) => {
        await transaction((tx) => advanceCheckpoint(tx, key, from, to, events));
        return transaction(writeRows);
      }),
    ],
  },
  {
    name: 'rows-before-checkpoint',
    what: 'The rows are stored in a transaction of their own, before the checkpoint.',
    faults: [
      inFunction(commitPage, () => async (transaction, { key, from, to, events }, writeRows) => {
        const result = await transaction(writeRows);
        await transaction((tx) => advanceCheckpoint(tx, key, from, to, events));
        return result;
      }),
    ],
  },
  {
    name: 'checkpoint-not-compared',
    what: 'A page is applied whatever the checkpoint says, also when a rebuild has moved it.',
    faults: [
      inFunction(
        advanceCheckpoint,
        () =>
          (tx, key, { version }, position) =>
            replaceCheckpoint(tx, key, { version, position }),
      ),
    ],
  },
  {
    name: 'rebuild-switched-early',
    what: 'A rebuilt view takes the place of the live one without what happened meanwhile.',
    faults: [
      inMethod(
        ScratchBuild,
        'catchUp',
        () =>
          async function (_, until) {
            return { position: Math.max(this.position, until), events: 0, setAside: [] };
          },
      ),
    ],
  },
  {
    name: 'reaction-skips-on-error',
    what: 'A process that fails goes on with the next events.',
    faults: [
      inFunction(
        react,
        (original) =>
          (...given) =>
            original(...given).catch(() => {}),
      ),
    ],
  },
  {
    name: 'reaction-checkpoint-before-commands',
    what: 'A process notes events as done before its commands are answered.',
    faults: [
      inFunction(react, (original) => async (...given) => {
        void original(...given).catch(() => {});
      }),
    ],
  },
  {
    name: 'lease-kept-after-connection-lost',
    what: 'The loss of the connection behind the leases goes unnoticed.',
    faults: [inFunction(whenLost, () => (connection) => void connection.once('error', () => {}))],
  },
  {
    name: 'day-counted-twice',
    what: 'An order that changes is added to its day once more.',
    faults: [
      inMethod(
        DayChanges,
        'add',
        (add) =>
          function (_, after, totals) {
            add.call(this, undefined, after, totals);
          },
      ),
    ],
  },
  {
    name: 'ended-hold-stays-due',
    what: 'The view of due holds keeps those that ended.',
    faults: [inFunction(changesOf, (original) => (page) => ({ ...original(page), ended: [] }))],
  },
  {
    name: 'policy-does-not-reproject',
    what: 'A new rule of a channel leaves the numbers of SKUs as they were until they move.',
    faults: [inFunction(reproject, () => async () => {})],
  },
];
