import type { AnyDecider, CommandOf } from './decider.js';
import type { CallerMetadata } from './event-store.js';

/** A command, and whom it is for. */
export interface CommandTo<On extends AnyDecider = AnyDecider> {
  readonly on: On;
  /** Id of the aggregate: the stream is `<category>-<id>`. */
  readonly id: string;
  readonly command: CommandOf<On>;
  /**
   * Revision of the stream that the caller decided on, -1 for one that does not exist yet. Where the stream has another
   * when the command is decided, it is refused with `RevisionMoved`; a repeat is still answered as a repeat.
   */
  readonly expectedRevision?: number | undefined;
}

/** Where a command comes from. */
export interface CommandOrigin {
  /** Its `expectedRevision` is that of the one stream a command is for, and is not stored. */
  readonly metadata: CallerMetadata;
  /** Position of the event that made the command be sent, if one did. */
  readonly causedAt?: number | undefined;
}

export const streamOf = ({ on, id }: Pick<CommandTo, 'on' | 'id'>): string => `${on.category}-${id}`;
