import type { PlantedBug } from '../kit/planting.js';

const sequencer = 'libs/event-store-postgres/src/sequencer.ts';
const session = 'libs/event-store-postgres/src/writer-session.ts';

/** In the event store. */
export const storeBugs: readonly PlantedBug[] = [
  {
    name: 'ack-before-commit',
    what: 'Callers are answered before their events are durable.',
    edits: [
      {
        file: sequencer,
        find: 'await this.#commit(buildBatch(plan.placed, firstPosition, new Date().toISOString()), group);',
        replace:
          'this.#commit(buildBatch(plan.placed, firstPosition, new Date().toISOString()), group).catch((error)=>this.#noteFence(error));',
      },
    ],
  },
  {
    name: 'failed-commit-acknowledged',
    what: 'A commit that the database refused counts as stored.',
    edits: [
      {
        file: session,
        find: 'if (isFull(error)) throw this.#full(error);\n                if (!isConnectionLoss(error)) throw error;\n                await this.#disconnect();\n            }\n        }\n        this.#position',
        replace:
          'if (isFull(error) || !isConnectionLoss(error)) break;\n                await this.#disconnect();\n            }\n        }\n        this.#position',
      },
    ],
  },
  {
    name: 'lost-answer-taken-for-stored',
    what: 'A commit whose connection broke counts as stored.',
    edits: [
      { file: session, find: 'if (inDoubt && await isStored(client, batch)) break;', replace: 'if (inDoubt) break;' },
    ],
  },
  {
    name: 'commit-in-doubt-repeated',
    what: 'A commit whose answer was lost is made again without looking, and the writer takes itself for fenced.',
    edits: [{ file: session, find: 'if (inDoubt && await isStored(client, batch)) break;', replace: '' }],
  },
  {
    name: 'lost-fencing',
    what: 'A writer takes over without asking for the lock, and the old one goes on.',
    shownBy: 20,
    edits: [
      { file: session, find: 'if (!lock.rows[0]?.locked) {', replace: 'if (false) {' },
      { file: session, find: 'if (this.#epoch !== 0 && row.epoch !== this.#epoch) throw', replace: 'if (false) throw' },
      {
        file: session,
        find: 'where epoch = $1 and position = $2',
        replace: 'where $1::bigint is not null and position = $2',
      },
    ],
  },
  {
    name: 'epoch-not-compared',
    what: 'A writer that wakes after its successor has died does not notice that it was replaced.',
    shownBy: 20,
    edits: [
      { file: session, find: 'if (this.#epoch !== 0 && row.epoch !== this.#epoch) throw', replace: 'if (false) throw' },
      { file: session, find: 'if (row.epoch !== this.#epoch) throw', replace: 'if (false) throw' },
    ],
  },
  {
    name: 'heads-kept-after-failure',
    what: 'What is remembered of streams survives a commit that failed: a retry is taken for a repeat.',
    shownBy: 18,
    edits: [{ file: sequencer, find: 'this.#heads.forget();', replace: '' }],
  },
  {
    name: 'commits-wake-nobody',
    what: 'Readers are not told of commits, and nobody looks either.',
    edits: [
      {
        file: 'libs/event-store-postgres/src/postgres-event-store.ts',
        find: 'this.#signal.advance(batch.firstPosition + batch.events.length - 1);',
        replace: '',
      },
      {
        file: 'libs/event-store-postgres/src/commit-signal.ts',
        find: 'if (this.#waiting.size > 0)',
        replace: 'if (false)',
      },
    ],
  },
];
