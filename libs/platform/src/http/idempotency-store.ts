import { LRUCache } from 'lru-cache';

/** An answer as it left, for a repeat of the same request. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text. */
  readonly body: string;
}

/**
 * What a store says to the start of a request.
 * begun: go on, then complete or forget. running: the first request is still at work. answered: here is its answer.
 * reused: the key belongs to another request.
 */
export type BeginResult =
  | { readonly state: 'begun' }
  | { readonly state: 'running' }
  | { readonly state: 'answered'; readonly answer: StoredAnswer }
  | { readonly state: 'reused' };

/** Remembers requests by id for {@link KEEP_MS}. Injection token: {@link IDEMPOTENCY_STORE}. */
export interface IdempotencyStore {
  /**
   * Claims `id` in one step, so that of two equal requests at the same time one begins. An entry of the same
   * fingerprint is claimed again when its process has died, or is taken for dead after {@link TAKE_OVER_MS}.
   */
  begin(id: string, fingerprint: string): Promise<BeginResult>;
  complete(id: string, answer: StoredAnswer): Promise<void>;
  /** Gives up a claim; an answered entry stays. */
  forget(id: string): Promise<void>;
}

export const IDEMPOTENCY_STORE = Symbol('idempotency store');

export const KEEP_MS = 24 * 60 * 60 * 1_000;
export const TAKE_OVER_MS = 60_000;
/** Longer answers are not kept: the repeat runs again, with the same command id and so to the same effect. */
export const MAX_ANSWER_LENGTH = 262_144;

/** Holds at most 32 Mi characters of answers, the least recently used go first. Forgets with the process. */
export class MemoryIdempotencyStore implements IdempotencyStore {
  private readonly entries = new LRUCache<string, Entry>({
    maxSize: 33_554_432,
    sizeCalculation: (entry) => 256 + (entry.answer?.body.length ?? 0),
    ttl: KEEP_MS,
    ttlResolution: 0,
    perf: { now: () => this.now() },
  });

  /** `now` gives milliseconds. */
  constructor(private readonly now: () => number = Date.now) {}

  async begin(id: string, fingerprint: string): Promise<BeginResult> {
    const entry = this.entries.get(id);
    if (entry && entry.fingerprint !== fingerprint) return { state: 'reused' };
    if (entry?.answer) return { state: 'answered', answer: entry.answer };
    if (entry && this.now() - entry.startedAtMs < TAKE_OVER_MS) return { state: 'running' };
    this.entries.set(id, { fingerprint, startedAtMs: this.now() });
    return { state: 'begun' };
  }

  async complete(id: string, answer: StoredAnswer): Promise<void> {
    const entry = this.entries.get(id);
    if (entry) this.entries.set(id, { ...entry, answer });
  }

  async forget(id: string): Promise<void> {
    if (!this.entries.get(id)?.answer) this.entries.delete(id);
  }

  /** Forgets everything, as a new process has. */
  clear(): void {
    this.entries.clear();
  }
}

interface Entry {
  readonly fingerprint: string;
  readonly startedAtMs: number;
  readonly answer?: StoredAnswer;
}
