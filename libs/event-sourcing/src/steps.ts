import { Rejected } from '#kernel';
import { type CommandOrigin, type CommandTo, streamOf } from './command-to.js';
import type { DomainEvent, EventStore } from './event-store.js';
import type { Asked } from './mailbox.js';
import type { Outcome } from './outcome.js';
import type { StreamLocks } from './stream-locks.js';

/** What steps need of the runner. */
interface OneByOne {
  /** What a command would be answered now, and what the stream remembers of it; stores nothing of the command. */
  ask(command: CommandTo, origin: CommandOrigin): Promise<Asked>;
  execute(command: CommandTo & CommandOrigin): Promise<Outcome<DomainEvent>>;
}

/**
 * A command over several streams where the store commits one at a time: all are asked first, and nothing is stored when
 * one refuses; then those that change are stored one after the other, in the order given.
 *
 * Every step but the last has an id of its own attempt, the last has the id of the command: so a stream that remembers the
 * command says that it was carried out whole. When a step is refused after all, because its stream has moved meanwhile, the
 * steps before it are taken back, each by the `undo` of its decider. What an attempt has left that ended in between is
 * taken back by the next attempt, which is the repeat of the command, and all is decided again.
 */
export class Steps {
  constructor(
    private readonly runner: OneByOne,
    private readonly store: Pick<EventStore, 'readStream'>,
    private readonly locks: StreamLocks,
  ) {}

  execute(commands: readonly CommandTo[], origin: CommandOrigin): Promise<readonly Outcome<DomainEvent>[]> {
    return this.locks.hold(commands.map(streamOf), () => this.attempt(commands, origin));
  }

  private async attempt(
    commands: readonly CommandTo[],
    origin: CommandOrigin,
  ): Promise<readonly Outcome<DomainEvent>[]> {
    let asked = await this.askAll(commands, origin);
    if (asked.some(({ repeated }) => repeated)) return asked.map((each) => outcomeOf(each, true));
    if (await this.takeBackLeftovers(commands, asked, origin)) asked = await this.askAll(commands, origin);
    for (const { refusal } of asked) if (refusal !== undefined) throw refusal;
    const changing = asked.flatMap(({ events }, index) => (events.length > 0 ? [index] : []));
    const outcomes = asked.map((each) => outcomeOf(each, false));
    const done: Step[] = [];
    for (const index of changing) {
      const [command, answer] = [commands[index], asked[index]];
      if (!command || !answer) continue;
      const commandId =
        index === changing.at(-1) ? origin.metadata.commandId : attemptId(origin.metadata.commandId, answer.attempt);
      try {
        const outcome = await this.runner.execute({
          ...command,
          ...originWith(origin, commandId),
          expectedRevision: command.expectedRevision === undefined ? undefined : answer.revision,
        });
        outcomes[index] = outcome;
        done.push({ command, commandId, events: outcome.events });
      } catch (error) {
        if (error instanceof Rejected) for (const step of done.toReversed()) await this.takeBack(step, origin);
        throw error;
      }
    }
    return outcomes;
  }

  private askAll(commands: readonly CommandTo[], origin: CommandOrigin): Promise<readonly Asked[]> {
    return Promise.all(commands.map((command) => this.runner.ask(command, origin)));
  }

  /** True when there were any. */
  private async takeBackLeftovers(
    commands: readonly CommandTo[],
    asked: readonly Asked[],
    origin: CommandOrigin,
  ): Promise<boolean> {
    let found = false;
    for (const [index, command] of [...commands.entries()].toReversed()) {
      const attempt = asked[index]?.leftover;
      if (attempt === undefined || !command.on.undo) continue;
      const commandId = attemptId(origin.metadata.commandId, attempt);
      await this.takeBack({ command, commandId, events: await this.eventsOf(command, commandId) }, origin);
      found = true;
    }
    return found;
  }

  private async takeBack({ command, commandId, events }: Step, origin: CommandOrigin): Promise<void> {
    const undo = events.length > 0 ? command.on.undo?.(command.command, events) : undefined;
    if (undo === undefined) return;
    const { on, id } = command;
    await this.runner.execute({ on, id, command: undo, ...originWith(origin, undoId(commandId)) });
  }

  /** The events a command has stored on its stream, the newest pages first. */
  private async eventsOf(command: CommandTo, commandId: string): Promise<readonly DomainEvent[]> {
    for (let from = Number.MAX_SAFE_INTEGER; from >= 0; ) {
      const page = await this.store.readStream(streamOf(command), { from, limit: PAGE, direction: 'backwards' });
      const events = page.filter(({ metadata }) => metadata.commandId === commandId).reverse();
      if (events.length > 0) return events;
      from = (page.at(-1)?.revision ?? 0) - 1;
    }
    return [];
  }
}

/** The id of a step that others follow, in the n-th attempt at its command on this stream. */
export const attemptId = (commandId: string, attempt: number): string => `${commandId}/${attempt}`;

/** The id of the command that takes a step back. */
export const undoId = (commandId: string): string => `${commandId}/undo`;

interface Step {
  readonly command: CommandTo;
  readonly commandId: string;
  readonly events: readonly DomainEvent[];
}

const originWith = ({ metadata, causedAt }: CommandOrigin, commandId: string): CommandOrigin => ({
  metadata: { ...metadata, commandId },
  causedAt,
});

const outcomeOf = ({ revision, position }: Asked, repeated: boolean): Outcome<DomainEvent> => ({
  events: [],
  repeated,
  revision,
  position,
});

const PAGE = 500;
