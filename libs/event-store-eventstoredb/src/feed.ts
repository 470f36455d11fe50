import { once } from 'node:events';
import {
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  eventTypeFilter,
  type Filter,
  type Position,
  streamNameFilter,
} from '@eventstore/db-client';
import { type EventFilter, type RecordedEvent, roughSizeOf } from '#event-sourcing';
import type { Node } from './cluster.js';
import { type Connection, LEADER_ONLY } from './connection.js';
import { backOff, EndedByServer, explained, isTransient } from './errors.js';
import type { ForeignEvents } from './foreign-events.js';
import { afterCommit, ofCheckpoint } from './positions.js';
import { decode, OUR_STREAMS_REGEX } from './stored-event.js';

/** What a feed found: events that the server's filter let through, and how far it has come. */
export interface Stretch {
  readonly events: readonly RecordedEvent[];
  /** Everything up to here was seen. */
  readonly position: number;
  /** True when the server said in this stretch that nothing more was there. */
  readonly caughtUp: boolean;
}

/**
 * A catch-up subscription of the server on `$all` that is taken from at the reader's pace and goes on where it was when
 * it breaks. Aborting the signal ends it.
 */
export class Feed {
  #subscription: AllStreamSubscription | undefined;
  #node: Node | undefined;
  #failures = 0;

  constructor(
    private readonly connection: Connection,
    private readonly foreign: ForeignEvents,
    private readonly filter: EventFilter | undefined,
    private position: number,
    private readonly signal: AbortSignal,
    /** Only a node that has everything up to here is followed. */
    private readonly known = 0,
  ) {}

  /** Waits for something new and gives what is at hand of it; undefined when aborted. */
  async take(limit: number, maxBytes: number): Promise<Stretch | undefined> {
    while (!this.signal.aborted) {
      try {
        this.#subscription ??= await this.#subscribe();
        await readable(this.#subscription, this.signal);
        const stretch = this.#stretch(this.#subscription, limit, maxBytes);
        if (!stretch) continue;
        this.#failures = 0;
        return stretch;
      } catch (error) {
        await this.#recover(error);
      }
    }
    this.close();
    return undefined;
  }

  /** Subscribes again, at the node that leads now. */
  renew(): void {
    this.#subscription?.destroy(new EndedByServer('The node is behind.'));
  }

  close(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    if (!subscription) return;
    subscription.unsubscribe().catch(() => {});
    subscription.destroy();
  }

  async #recover(error: unknown): Promise<void> {
    this.close();
    if (this.signal.aborted) return;
    if (!isTransient(error)) throw explained(error);
    if (this.#node) this.connection.lost(this.#node, error);
    await backOff(this.#failures, this.signal);
    this.#failures += 1;
  }

  /** Undefined when nothing is at hand after all. */
  #stretch(subscription: AllStreamSubscription, limit: number, maxBytes: number): Stretch | undefined {
    const events: RecordedEvent[] = [];
    let bytesLeft = maxBytes;
    let caughtUp = false;
    let hasCome = false;
    while (events.length < limit && bytesLeft > 0) {
      const item: Item | null = subscription.read();
      if (item === null) break;
      hasCome = true;
      if (item instanceof Mark) {
        this.position = Math.max(this.position, item.checkpoint ? ofCheckpoint(item.checkpoint) : 0);
        caughtUp ||= item.checkpoint === undefined;
      } else {
        caughtUp = false;
        bytesLeft -= this.#add(item, events);
      }
    }
    return hasCome ? { events, position: this.position, caughtUp } : undefined;
  }

  /** Gives what was added, in bytes. */
  #add(item: AllStreamResolvedEvent, events: RecordedEvent[]): number {
    const reached = item.event ? afterCommit(item.event.position.commit) : 0;
    if (reached <= this.position) return 0;
    const event = decode(item, (stream) => this.foreign.passOver(stream));
    this.position = reached;
    if (!event) return 0;
    events.push(event);
    return roughSizeOf(event);
  }

  async #subscribe(): Promise<AllStreamSubscription> {
    const node = await this.connection.leader();
    this.#node = node;
    const fromPosition = await this.connection.startAfter(node, this.position, this.known);
    this.signal.throwIfAborted();
    // Marks are pushed between the events, because the client reports them as soon as it reads them, before the events
    // that came earlier were taken.
    const subscription: AllStreamSubscription = node.client.subscribeToAll(
      {
        fromPosition,
        filter: serverFilter(this.filter, (checkpoint) => subscription.push(new Mark(checkpoint))),
        ...LEADER_ONLY,
      },
      { highWaterMark: EVENTS_AT_HAND },
    );
    subscription.on('caughtUp', () => subscription.push(new Mark(undefined)));
    // Without a listener an error would end the process; take() finds it as `errored`.
    subscription.on('error', (error) => subscription.destroy(error));
    subscription.on('end', () => subscription.destroy(new EndedByServer()));
    return subscription;
  }
}

const EVENTS_AT_HAND = 512;
/** Events that the server looks at between two checkpoints. */
const SEARCH_WINDOW = 1_000;

/** A checkpoint as the server sent it, because what its callback throws ends the process; without one: caught up. */
class Mark {
  constructor(readonly checkpoint: Position | undefined) {}
}

type Item = AllStreamResolvedEvent | Mark;
type CheckpointReached = (checkpoint: Position) => void;

/**
 * The server filters by one thing only, types or stream names; the rest is left to the reader. What it lets through may
 * be more than is wanted, never less.
 */
function serverFilter(filter: EventFilter | undefined, reached: CheckpointReached): Filter {
  const options = {
    maxSearchWindow: SEARCH_WINDOW,
    checkpointInterval: 1,
    checkpointReached: (_: AllStreamSubscription, checkpoint: Position) => reached(checkpoint),
  };
  if (filter?.types) return eventTypeFilter({ ...options, regex: oneOf(filter.types, '$') });
  if (filter?.categories) return streamNameFilter({ ...options, regex: oneOf(filter.categories, '(-|$)') });
  return streamNameFilter({ ...options, regex: OUR_STREAMS_REGEX });
}

/** Regular expressions of .NET; an empty list matches nothing. */
const oneOf = (names: readonly string[], end: string): string =>
  names.length === 0
    ? '^(?!)'
    : `^(${names.map((name) => name.replace(/[\\^$.*+?()[\]{}|#\s-]/g, '\\$&')).join('|')})${end}`;

/** Resolves when something can be read; throws the error the stream broke with, or AbortError. */
async function readable(stream: AllStreamSubscription, signal: AbortSignal): Promise<void> {
  if (stream.errored) throw stream.errored;
  if (stream.readableLength === 0) await once(stream, 'readable', { signal });
}
