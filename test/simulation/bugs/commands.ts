import { newId } from '#kernel';
import { becauseOf } from '../../../libs/event-sourcing/src/because-of.js';
import { Mailbox } from '../../../libs/event-sourcing/src/mailbox.js';
import { MailboxStorage } from '../../../libs/event-sourcing/src/mailbox-storage.js';
import { RecentCommands } from '../../../libs/event-sourcing/src/recent-commands.js';
import { DecidedAhead } from '../../../libs/event-sourcing/src/turn.js';
import { inFunction, inMethod, type PlantedBug } from '../kit/planting.js';

/** In the command runner and the metadata of commands. */
export const commandBugs: readonly PlantedBug[] = [
  {
    name: 'command-id-not-remembered',
    what: 'A command that is sent again has its effect again.',
    faults: [inMethod(Mailbox, 'hasAnswered', () => () => false)],
  },
  {
    name: 'caused-commands-not-remembered',
    what: 'A command that an event caused is decided again when the event comes again.',
    faults: [
      inMethod(
        Mailbox,
        'hasAnswered',
        () =>
          function (commandId) {
            return this.recent.has(commandId);
          },
      ),
    ],
  },
  {
    name: 'commands-forgotten-at-restart',
    what: 'What a stream has answered is not read back from its events.',
    faults: [
      inMethod(
        RecentCommands,
        'add',
        (add) =>
          function (commandId, position) {
            if (position === undefined) add.call(this, commandId);
          },
      ),
    ],
  },
  {
    name: 'state-kept-after-failed-append',
    what: 'The state has moved on although its events were not stored.',
    faults: [
      inMethod(
        Mailbox,
        'forgetState',
        (forget) =>
          function () {
            if (this.state === undefined) forget.call(this);
            else this.status = 'idle';
          },
      ),
    ],
  },
  {
    name: 'snapshot-with-wrong-revision',
    what: 'A snapshot says that it holds one event more than it does.',
    faults: [
      inMethod(
        MailboxStorage,
        'dueSnapshot',
        (due) =>
          function (mailbox) {
            const snapshot = due.call(this, mailbox);
            return snapshot && { ...snapshot, revision: snapshot.revision + 1 };
          },
      ),
    ],
  },
  {
    name: 'snapshot-of-what-is-only-decided',
    what: 'A snapshot is taken while commands are decided ahead, and shows their effect without their events.',
    faults: [
      inMethod(
        MailboxStorage,
        'isSnapshotDue',
        (isDue) =>
          function (mailbox) {
            return mailbox.status !== 'committing' && isDue.call(this, mailbox);
          },
      ),
    ],
  },
  {
    name: 'decided-ahead-kept-after-failed-append',
    what: 'What was decided on top of a turn that was not stored is stored later.',
    faults: [inMethod(DecidedAhead, 'undo', () => () => [])],
  },
  {
    name: 'decided-on-stale-state',
    what: 'The events of a command do not reach the state before the next command of the turn is decided.',
    faults: [
      inMethod(
        Mailbox,
        'changedBy',
        (changed) =>
          function (command, events) {
            setTimeout(() => this.status !== 'cold' && changed.call(this, command, events), 30);
          },
      ),
    ],
  },
  {
    name: 'retry-without-idempotency',
    what: 'A process gives its commands a new id at every try.',
    faults: [
      inFunction(becauseOf, (original) => (...given) => ({ ...original(...given), commandId: newId() })),
    ],
  },
];
