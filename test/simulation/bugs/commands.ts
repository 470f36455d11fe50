import type { PlantedBug } from '../kit/planting.js';

const runner = 'libs/event-sourcing/src/command-runner.ts';
const mailbox = 'libs/event-sourcing/src/mailbox.ts';
const storage = 'libs/event-sourcing/src/mailbox-storage.ts';

/** In the command runner and the metadata of commands. */
export const commandBugs: readonly PlantedBug[] = [
  {
    name: 'command-id-not-remembered',
    what: 'A command that is sent again has its effect again.',
    edits: [
      {
        file: runner,
        find: 'const repeated = targets.some(({ mailbox })=>mailbox.hasAnswered(commandId));',
        replace: 'const repeated = false;',
      },
    ],
  },
  {
    name: 'caused-commands-not-remembered',
    what: 'A command that an event caused is decided again when the event comes again.',
    edits: [{ file: mailbox, find: ' || this.caused.has(commandId)', replace: '' }],
  },
  {
    name: 'commands-forgotten-at-restart',
    what: 'What a stream has answered is not read back from its events.',
    edits: [
      {
        file: storage,
        find: '(isCaused(event) ? mailbox.caused : mailbox.recent).add(event.metadata.commandId, event.position);',
        replace: '',
      },
    ],
  },
  {
    name: 'state-kept-after-failed-append',
    what: 'The state has moved on although its events were not stored.',
    edits: [
      {
        file: runner,
        find: 'for (const mailbox of group.events.keys())mailbox.forgetState();',
        replace: "for (const mailbox of group.events.keys())mailbox.status = 'idle';",
      },
      { file: runner, find: 'for (const mailbox of group.events.keys())this.refuseAll(mailbox, error);', replace: '' },
    ],
  },
  {
    name: 'snapshot-with-wrong-revision',
    what: 'A snapshot says that it holds one event more than it does.',
    edits: [
      {
        file: storage,
        find: 'revision: mailbox.revision,\n            version',
        replace: 'revision: mailbox.revision + 1,\n            version',
      },
    ],
  },
  {
    name: 'snapshot-of-what-is-only-decided',
    what: 'A snapshot is taken while commands are decided ahead, and shows their effect without their events.',
    shownBy: 12,
    edits: [
      {
        file: runner,
        find: 'if (this.categoryOf(mailbox.decider).storage.isSnapshotDue(mailbox)) return 0;',
        replace: '',
      },
    ],
  },
  {
    name: 'decided-ahead-kept-after-failed-append',
    what: 'What was decided on top of a turn that was not stored is stored later.',
    shownBy: 242,
    edits: [{ file: runner, find: 'this.takeAhead(mailbox)?.members ?? []', replace: '[]' }],
  },
  {
    name: 'decided-on-stale-state',
    what: 'The events of a command do not reach the state before the next command of the turn is decided.',
    edits: [
      {
        file: runner,
        find: 'mailbox.evolve(own);',
        replace: 'setTimeout(()=>mailbox.status !== "cold" && mailbox.evolve(own), 30);',
      },
    ],
  },
  {
    name: 'retry-without-idempotency',
    what: 'A process gives its commands a new id at every try.',
    edits: [
      {
        file: 'libs/event-sourcing/src/because-of.ts',
        find: 'commandId: idFrom(',
        replace: 'commandId: idFrom(Math.random() + ',
      },
    ],
  },
];
