import type { Pool } from 'pg';
import { type AppendResult, EventStoreUnavailable, type StreamAppend, WriterFenced } from '#event-sourcing';
import { AppendPlan, type Call, type Decision, revisionOf } from './append-plan.js';
import { type Batch, buildBatch } from './batch.js';
import { RETRY_FOR_MS, unavailable } from './connection.js';
import { lastPositions } from './positions.js';
import { type SerialisedAppend, serialise } from './stored-event.js';
import { StreamHeads } from './stream-heads.js';
import type { WriterSession } from './writer-session.js';

export interface SequencerEvents {
  readonly onCommitted: (batch: Batch) => void;
  /** The session was lost and is back: the log ends here. It may hold a commit that no caller got an answer to. */
  readonly onResumed: (position: number) => void;
  readonly onFenced: (error: WriterFenced) => void;
}

/**
 * Owns the order of the log. What is appended while a commit is in flight goes into the next one, from every caller that appends to
 * whichever stream: under load one commit carries thousands of events, and alone an append does not wait.
 */
export class Sequencer {
  readonly #pool: Pool;
  readonly #session: WriterSession;
  readonly #events: SequencerEvents;
  readonly #heads: StreamHeads;
  #queue: Pending[] = [];
  #queuedSize = 0;
  #running: Promise<void> | undefined;
  #resyncNeeded = false;
  #closing = false;
  #fenced: WriterFenced | undefined;

  constructor(pool: Pool, session: WriterSession, events: SequencerEvents) {
    this.#pool = pool;
    this.#session = session;
    this.#events = events;
    this.#heads = new StreamHeads(pool);
  }

  async append(appends: readonly StreamAppend[]): Promise<AppendResult> {
    if (this.#fenced) throw this.#fenced;
    if (this.#closing) throw new Error('The event store is closed.');
    const call = appends.map(serialise);
    const size = call.reduce((sum, append) => sum + append.size, 0);
    if (size > APPEND_SIZE_MAX)
      throw new RangeError(`One append takes at most ${APPEND_SIZE_MAX} characters of JSON, not ${size}; split it.`);
    if (this.#queuedSize + size > QUEUE_SIZE_MAX)
      throw new EventStoreUnavailable('Too much waits to be stored already; try again later.');
    return new Promise((resolve, reject) => {
      this.#queue.push({ call, size, sinceMs: performance.now(), resolve, reject });
      this.#queuedSize += size;
      this.#wake();
    });
  }

  /** The writer's session ended while it was idle: get it back, or learn that another process has it. */
  sessionLost(): void {
    this.#resyncNeeded = true;
    this.#wake();
  }

  /** Stores what waits, then lets no more in. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#running;
    await this.#session.close();
  }

  #wake(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0 && !this.#fenced) this.#wake();
    });
  }

  async #run(): Promise<void> {
    // Everything that is appended in this turn of the event loop goes into the first commit.
    await new Promise(setImmediate);
    while (!this.#fenced && (this.#queue.length > 0 || this.#resyncNeeded)) {
      if (this.#resyncNeeded && !(await this.#resync())) return;
      const group = this.#take();
      if (group.length > 0) await this.#store(group);
    }
  }

  /** False when the session cannot be had back: the waiting callers got an error, and the next append tries again. */
  async #resync(): Promise<boolean> {
    this.#heads.forget();
    try {
      await this.#session.resume(() => {
        this.#releaseImpatient();
        return !this.#closing;
      });
      this.#resyncNeeded = false;
      this.#events.onResumed(this.#session.position);
      return true;
    } catch (error) {
      this.#rejectQueue(error);
      this.#noteFence(error);
      return false;
    }
  }

  #take(): Pending[] {
    let size = 0;
    let events = 0;
    const tooMuch = this.#queue.findIndex((pending, index) => {
      size += pending.size;
      events += pending.call.reduce((sum, append) => sum + append.events.length, 0);
      return index > 0 && (size > COMMIT_SIZE_MAX || events > COMMIT_EVENTS_MAX);
    });
    const group = this.#queue.splice(0, tooMuch < 0 ? this.#queue.length : tooMuch);
    this.#queuedSize -= group.reduce((sum, pending) => sum + pending.size, 0);
    return group;
  }

  async #store(group: readonly Pending[]): Promise<void> {
    try {
      const appends = group.flatMap(({ call }) => call);
      const heads = await this.#heads.of(appends);
      const plan = new AppendPlan(heads, await this.#repeatsFurtherBack(appends, heads));
      const decisions = group.map(({ call }) => plan.decide(call));
      const firstPosition = this.#session.position + 1;
      if (plan.placed.length > 0)
        await this.#commit(buildBatch(plan.placed, firstPosition, new Date().toISOString()), group);
      this.#heads.remember(heads);
      await this.#answer(group, decisions, firstPosition);
    } catch (error) {
      // Whether the batch is stored may be unknown now: the next one starts from what the database says.
      this.#resyncNeeded = true;
      for (const pending of group) pending.reject(error);
      this.#noteFence(error);
    }
  }

  async #commit(batch: Batch, group: readonly Pending[]): Promise<void> {
    await this.#session.commit(batch, () => {
      this.#releaseImpatient();
      return !this.#closing && group.some(isPatient);
    });
    this.#events.onCommitted(batch);
  }

  async #answer(group: readonly Pending[], decisions: readonly Decision[], firstPosition: number): Promise<void> {
    let position = firstPosition - 1;
    group.forEach(({ resolve, reject }, index) => {
      const decision = decisions[index];
      if (decision?.kind === 'conflict') reject(decision.error);
      if (decision?.kind !== 'store') return;
      position += decision.eventCount;
      resolve({ position, revisions: decision.revisions });
    });
    const positionOf = await lastPositions(
      this.#pool,
      decisions.flatMap((decision) => (decision.kind === 'repeat' ? decision.last : [])),
    );
    group.forEach(({ resolve }, index) => {
      const decision = decisions[index];
      if (decision?.kind === 'repeat') resolve({ position: positionOf(decision.last), revisions: decision.revisions });
    });
  }

  /** Exact appends behind the recent ids we hold of their stream. Rare: a retry after a thousand more events. */
  async #repeatsFurtherBack(
    appends: readonly SerialisedAppend[],
    heads: ReadonlyMap<string, { readonly revision: number; readonly recent: ReadonlyMap<string, number> }>,
  ): Promise<ReadonlySet<SerialisedAppend>> {
    const repeats = new Set<SerialisedAppend>();
    for (const append of appends) {
      const head = heads.get(append.stream);
      if (!head || append.expected === 'any') continue;
      const first = revisionOf(append.expected) + 1;
      const behind = first <= head.revision && first <= head.revision - head.recent.size;
      if (behind && (await this.#heads.standsInPlace(append))) repeats.add(append);
    }
    return repeats;
  }

  #releaseImpatient(): void {
    const release = this.#queue.filter((pending) => !isPatient(pending));
    if (release.length === 0) return;
    this.#queue = this.#queue.filter(isPatient);
    for (const pending of release) {
      this.#queuedSize -= pending.size;
      pending.reject(unavailable(undefined));
    }
  }

  #noteFence(error: unknown): void {
    if (!(error instanceof WriterFenced) || this.#fenced) return;
    this.#fenced = error;
    this.#rejectQueue(error);
    this.#events.onFenced(error);
  }

  #rejectQueue(error: unknown): void {
    for (const pending of this.#queue.splice(0)) pending.reject(error);
    this.#queuedSize = 0;
  }
}

interface Pending {
  readonly call: Call;
  readonly size: number;
  readonly sinceMs: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

const COMMIT_EVENTS_MAX = 10_000;
const COMMIT_SIZE_MAX = 2 * 1_048_576;
const APPEND_SIZE_MAX = 16 * 1_048_576;
const QUEUE_SIZE_MAX = 64 * 1_048_576;

const isPatient = ({ sinceMs }: Pending): boolean => performance.now() - sinceMs < RETRY_FOR_MS;
