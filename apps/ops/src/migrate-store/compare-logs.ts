import { isDeepStrictEqual } from 'node:util';
import type { RecordedEvent } from '#event-sourcing';
import type { CommittedEvents } from '#event-store-postgres';
import type { TargetEvent } from './target-log.js';

export interface LogComparison {
  /** Of the source. */
  readonly events: number;
  readonly streams: number;
  /** Events that are missing, changed, or no copies. */
  readonly differences: number;
  /** The first of them in words. */
  readonly examples: readonly string[];
}

/**
 * Compares every event of two logs, each read once from its start. Within a commit of the source the target may have
 * another order; nowhere else, but for what is no copy.
 */
export async function compareLogs(
  source: AsyncIterable<CommittedEvents>,
  target: AsyncIterable<TargetEvent>,
  onProgress: (position: number) => void = () => {},
): Promise<LogComparison> {
  const comparison = new Comparison();
  const found = target[Symbol.asyncIterator]();
  try {
    let next = await found.next();
    for await (const commit of source) {
      const last = positionOfLast(commit);
      const missing = new Map(commit.map((event) => [event.id, event]));
      comparison.count(commit);
      while (missing.size > 0 && !next.done && !isBehind(next.value, last)) {
        comparison.add(missing, next.value);
        next = await found.next();
      }
      for (const event of missing.values()) comparison.differ(`${nameOf(event)} is missing.`);
      onProgress(last);
    }
    for (; !next.done; next = await found.next()) comparison.add(new Map(), next.value);
    return comparison;
  } finally {
    await found.return?.();
  }
}

const EXAMPLES_MAX = 20;

class Comparison implements LogComparison {
  events = 0;
  streams = 0;
  differences = 0;
  readonly examples: string[] = [];

  count(commit: CommittedEvents): void {
    this.events += commit.length;
    this.streams += commit.filter(({ revision }) => revision === 0).length;
  }

  /** `missing`: what the target has to hold around this place; an event that is found is taken out. */
  add(missing: Map<string, RecordedEvent>, { isCopy, event }: TargetEvent): void {
    const expected = missing.get(event.id);
    if (!isCopy || !expected) {
      this.differ(`${nameOf(event)} of ${event.stream} is in the target and not, or not there, in the source.`);
      return;
    }
    missing.delete(event.id);
    const changed = FIELDS.filter((field) => !isDeepStrictEqual(event[field], expected[field]));
    if (changed.length > 0) this.differ(`${nameOf(expected)} has another ${changed.join(', ')}.`);
  }

  differ(sentence: string): void {
    this.differences += 1;
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(sentence);
  }
}

const FIELDS = ['stream', 'revision', 'type', 'data', 'metadata', 'position', 'recordedAt'] as const;

const isBehind = ({ isCopy, event }: TargetEvent, position: number): boolean => isCopy && event.position > position;

const positionOfLast = (commit: CommittedEvents): number => commit[0].position + commit.length - 1;

const nameOf = ({ position, type, id }: RecordedEvent): string => `At ${position}: ${type} ${id}`;
