import type { PlantedBug } from '../kit/planting.js';

const projection = 'libs/read-models/src/projection-runner.ts';
const reaction = 'libs/read-models/src/reaction-runner.ts';
const advance = 'await advanceCheckpoint(this.readModels, this.key, this.checkpointAt(from), to, events.length);';

const storeCheckpoint = 'await advanceCheckpoint(tx, this.key, this.checkpointAt(from), to, events.length);';
const storedAlone = 'advanceCheckpoint(this.readModels, this.key, this.checkpointAt(from), to, events.length)';
const beginOfPage = 'const commit = (apply)=>';
const endOfPage = 'return parked;\n                })';

/** In views, processes and the leases under them. */
export const viewBugs: readonly PlantedBug[] = [
  {
    name: 'checkpoint-before-rows',
    what: 'The checkpoint is stored in a transaction of its own, before the rows.',
    edits: [
      {
        file: projection,
        find: `${beginOfPage}this.#transaction(async (tx)=>{\n                    ${storeCheckpoint}`,
        replace: `${beginOfPage}${storedAlone}.then(()=>this.#transaction(async (tx)=>{`,
      },
      { file: projection, find: endOfPage, replace: `${endOfPage})` },
    ],
  },
  {
    name: 'rows-before-checkpoint',
    what: 'The rows are stored in a transaction of their own, before the checkpoint.',
    edits: [
      { file: projection, find: storeCheckpoint, replace: '' },
      { file: projection, find: endOfPage, replace: `${endOfPage}.then((parked)=>${storedAlone}.then(()=>parked))` },
    ],
  },
  {
    name: 'checkpoint-not-compared',
    what: 'A page is applied whatever the checkpoint says, also when a rebuild has moved it.',
    edits: [
      {
        file: 'libs/read-models/src/checkpoints.ts',
        find: 'and version = $3 and position = $4`',
        replace: 'and version = $3 and $4::bigint is not null`',
      },
    ],
  },
  {
    name: 'rebuild-switched-early',
    what: 'A rebuilt view takes the place of the live one without what happened meanwhile.',
    shownBy: 219,
    edits: [
      {
        file: 'libs/read-models/src/rebuild.ts',
        find: 'const reached = await build.catchUp(tx, Math.min(checkpoint?.position ?? 0, await store.head()));',
        replace:
          'const reached = { position: Math.max(build.position, checkpoint?.position ?? 0), events: 0, setAside: [] };',
      },
    ],
  },
  {
    name: 'reaction-skips-on-error',
    what: 'A process that fails goes on with the next events.',
    edits: [{ file: reaction, find: 'this.#failedAttempts += 1;\n            throw error;', replace: '' }],
  },
  {
    name: 'reaction-checkpoint-before-commands',
    what: 'A process notes events as done before its commands are answered.',
    edits: [
      {
        file: reaction,
        find: `if (setAside.length === 0) {\n            ${advance}`,
        replace: 'if (setAside.length === 0) {',
      },
      {
        file: reaction,
        find: 'const setAside = await this.#react(events);',
        replace: `${advance}\n        const setAside = await this.#react(events);`,
      },
    ],
  },
  {
    name: 'lease-kept-after-connection-lost',
    what: 'Nobody notices that the connection behind the leases is gone.',
    edits: [
      {
        file: 'libs/read-models/src/leases.ts',
        find: "client.once('error', lose);",
        replace: "client.once('error', ()=>{});",
      },
      { file: 'libs/read-models/src/leases.ts', find: "client.once('end', lose);", replace: '' },
    ],
  },
  {
    name: 'day-counted-twice',
    what: 'An order that changes is added to its day once more.',
    edits: [
      {
        file: 'apps/orders/src/views/daily-sales/day-changes.ts',
        find: "if (before?.status === 'placed')",
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'ended-hold-stays-due',
    what: 'The view of due holds keeps those that ended.',
    edits: [
      {
        file: 'apps/inventory/src/views/due-reservations/due-reservations.projection.ts',
        find: 'else if (!open.delete(key)) ended.set(key, place);',
        replace: 'else open.delete(key);',
      },
    ],
  },
  {
    name: 'policy-does-not-reproject',
    what: 'A new rule of a channel leaves the numbers of SKUs as they were until they move.',
    edits: [
      {
        file: 'apps/inventory/src/views/stock/stock.projection.ts',
        find: 'if (changed.length > 0)',
        replace: 'if (false)',
      },
    ],
  },
];
