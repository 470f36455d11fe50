import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AppendResult, StreamAppend } from '#event-sourcing';
import { InMemoryEventStore } from '../../../libs/testing/src/in-memory-event-store.js';

/** Keeps nothing and acknowledges in the next turn of the event loop: what is left is the work of runner and decider. */
export class ForgetfulStore extends InMemoryEventStore {
  #position = 0;

  override async append(appends: readonly StreamAppend[]): Promise<AppendResult> {
    await nextTurn();
    const revisions = appends.map(
      ({ expected, events }) => (expected === 'no-stream' ? -1 : Number(expected)) + events.length,
    );
    this.#position += appends.reduce((sum, { events }) => sum + events.length, 0);
    return { position: this.#position, revisions };
  }

  override async saveSnapshots(): Promise<void> {}
}
