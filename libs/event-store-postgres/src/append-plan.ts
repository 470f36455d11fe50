import { RevisionConflict } from '#event-sourcing';
import type { PlacedAppend } from './batch.js';
import type { SerialisedAppend } from './stored-event.js';
import { REPEAT_WINDOW_EVENTS, RETRY_WINDOW_EVENTS, type StreamHead } from './stream-heads.js';

/** What becomes of one call of append: it is stored, it was stored before, or it is refused. */
export type Decision =
  | { readonly kind: 'store'; readonly eventCount: number; readonly revisions: readonly number[] }
  | { readonly kind: 'repeat'; readonly last: readonly EventPlace[]; readonly revisions: readonly number[] }
  | { readonly kind: 'conflict'; readonly error: RevisionConflict };

export interface EventPlace {
  readonly stream: string;
  readonly revision: number;
}

export type Call = readonly SerialisedAppend[];

/**
 * Decides calls one after the other, as if each were committed before the next. One that is refused changes nothing for
 * those after it. `heads` are advanced by what is stored.
 */
export class AppendPlan {
  readonly placed: PlacedAppend[] = [];
  readonly #heads: Map<string, StreamHead>;
  readonly #repeats: ReadonlySet<SerialisedAppend>;

  /** `repeats`: appends that are known to stand in their place, further back than the recent ids of their stream reach. */
  constructor(heads: Map<string, StreamHead>, repeats: ReadonlySet<SerialisedAppend>) {
    this.#heads = heads;
    this.#repeats = repeats;
  }

  decide(call: Call): Decision {
    const repeat = this.#repeat(call);
    if (repeat) return repeat;
    const conflicts = this.#conflicts(call);
    if (conflicts.length > 0) return { kind: 'conflict', error: this.#conflictError(conflicts) };
    const revisions = call.map((append) => this.#place(append));
    return { kind: 'store', revisions, eventCount: call.reduce((sum, { events }) => sum + events.length, 0) };
  }

  #repeat(call: Call): Decision | undefined {
    const withEvents = call.filter(({ events }) => events.length > 0);
    if (withEvents.length === 0 || !withEvents.every((append) => this.#firstStoredRevision(append) !== undefined))
      return undefined;
    const revisions = call.map(
      (append) =>
        (this.#firstStoredRevision(append) ?? this.#head(append.stream).revision + 1) + append.events.length - 1,
    );
    const last = call.flatMap(({ stream, events }, index) =>
      events.length > 0 ? [{ stream, revision: revisions[index] ?? 0 }] : [],
    );
    return { kind: 'repeat', revisions, last };
  }

  /** Where the events of an append begin in their stream if all of them stand there, in order and at the expected place. */
  #firstStoredRevision(append: SerialisedAppend): number | undefined {
    const { recent } = this.#head(append.stream);
    const [first] = append.events;
    const start = append.expected === 'any' ? first && recent.get(first.id) : revisionOf(append.expected) + 1;
    if (first === undefined || start === undefined) return undefined;
    if (this.#repeats.has(append)) return start;
    return append.events.every(({ id }, index) => recent.get(id) === start + index) ? start : undefined;
  }

  #conflicts(call: Call): readonly SerialisedAppend[] {
    const revisions = new Map<string, number>();
    return call.filter((append) => {
      const { stream, expected, events } = append;
      const { revision, recent } = this.#head(stream);
      const current = revisions.get(stream) ?? revision;
      revisions.set(stream, current + events.length);
      // Part of an earlier append, or another order: storing these events again would store some of them twice.
      if (expected === 'any') return events.some(({ id }) => recent.has(id));
      return current !== revisionOf(expected);
    });
  }

  #conflictError(conflicts: readonly SerialisedAppend[]): RevisionConflict {
    const found = conflicts.map(
      ({ stream, expected }) => `${stream} (expected ${expected}, is at ${this.#head(stream).revision})`,
    );
    return new RevisionConflict(
      [...new Set(conflicts.map(({ stream }) => stream))],
      `Not as expected: ${found.join(', ')}.`,
    );
  }

  #place(append: SerialisedAppend): number {
    const { revision, recent } = this.#head(append.stream);
    if (append.events.length === 0) return revision;
    this.placed.push({ append, firstRevision: revision + 1 });
    const window = append.expected === 'any' ? REPEAT_WINDOW_EVENTS : RETRY_WINDOW_EVENTS;
    for (let index = Math.max(0, append.events.length - window); index < append.events.length; index += 1)
      recent.set(append.events[index]?.id ?? '', revision + 1 + index);
    dropOldest(recent, recent.size - window);
    this.#heads.set(append.stream, { revision: revision + append.events.length, recent });
    return revision + append.events.length;
  }

  #head(stream: string): StreamHead {
    return this.#heads.get(stream) ?? { revision: -1, recent: new Map() };
  }
}

export const revisionOf = (expected: number | 'no-stream'): number => (expected === 'no-stream' ? -1 : expected);

function dropOldest(recent: Map<string, number>, count: number): void {
  if (count <= 0) return;
  let left = count;
  for (const id of recent.keys()) {
    recent.delete(id);
    left -= 1;
    if (left === 0) return;
  }
}
