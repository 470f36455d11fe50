import { CommitSignal } from '../../../libs/event-store-postgres/src/commit-signal.js';
import { StreamHeads } from '../../../libs/event-store-postgres/src/stream-heads.js';
import {
  hasLock,
  isStored,
  refuseSuccessor,
  unfenced,
  WriterSession,
} from '../../../libs/event-store-postgres/src/writer-session.js';
import { inFunction, inMethod, type PlantedBug } from '../kit/planting.js';

/** In the event store. */
export const storeBugs: readonly PlantedBug[] = [
  {
    name: 'ack-before-commit',
    what: 'Callers are answered before their events are durable.',
    faults: [
      inMethod(
        WriterSession,
        'commit',
        (commit) =>
          async function (batch, mayGoOn) {
            void commit.call(this, batch, mayGoOn).catch(() => {});
          },
      ),
    ],
  },
  {
    name: 'failed-commit-acknowledged',
    what: 'A commit that the database refused counts as stored.',
    faults: [
      inMethod(
        WriterSession,
        'commit',
        (commit) =>
          async function (batch, mayGoOn) {
            await commit.call(this, batch, mayGoOn).catch(() => {});
          },
      ),
    ],
  },
  {
    name: 'lost-answer-taken-for-stored',
    what: 'A commit whose connection broke counts as stored.',
    faults: [inFunction(isStored, () => async () => true)],
  },
  {
    name: 'commit-in-doubt-repeated',
    what: 'A commit whose answer was lost is made again without looking, and the writer takes itself for fenced.',
    faults: [inFunction(isStored, () => async () => false)],
  },
  {
    name: 'lost-fencing',
    what: 'A writer takes over without asking for the lock, and the old one goes on.',
    faults: [
      inFunction(hasLock, () => async () => true),
      inFunction(refuseSuccessor, () => () => {}),
      inFunction(unfenced, () => () => '$1::bigint is not null and position = $2'),
    ],
  },
  {
    name: 'epoch-not-compared',
    what: 'A writer that wakes after its successor has died does not notice that it was replaced.',
    faults: [inFunction(refuseSuccessor, () => () => {})],
  },
  {
    name: 'heads-kept-after-failure',
    what: 'What is remembered of streams survives a commit that failed: a retry is taken for a repeat.',
    faults: [inMethod(StreamHeads, 'forget', () => () => {})],
  },
  {
    name: 'commits-wake-nobody',
    what: 'No commit wakes a reader, and no look at the database does.',
    faults: [
      inMethod(
        CommitSignal,
        'waitUntilPast',
        (wait) =>
          function (_, signal) {
            return wait.call(this, Number.POSITIVE_INFINITY, signal);
          },
      ),
    ],
  },
];
