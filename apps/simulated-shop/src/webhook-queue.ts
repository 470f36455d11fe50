import TinyQueue from 'tinyqueue';
import { happens, type Random } from './random.js';
import type { ShopClock } from './shop-clock.js';

export interface WebhookMessage {
  /** The same for every attempt and every duplicate. */
  readonly messageId: string;
  readonly body: string;
}

/** How unreliable the webhooks are meant to be. */
export interface WebhookBehaviour {
  readonly webhookDelayMs: number;
  readonly duplicatePercent: number;
  readonly outOfOrder: boolean;
  readonly loseWebhookPercent: number;
}

export interface WebhookQueueOptions {
  /** Sends one message once and resolves in every case. */
  readonly send: (message: WebhookMessage) => Promise<WebhookOutcome>;
  readonly behaviour: () => WebhookBehaviour;
  /** Called once per delivered message (each copy of a duplicate counts). */
  readonly onSent: () => void;
  /** Called once per message that was given up: only a pull finds what it told. */
  readonly onFailed: () => void;
  readonly clock: ShopClock;
  readonly random: Random;
}

export type WebhookOutcome =
  | { readonly delivered: true }
  | { readonly delivered: false; readonly retryAfterMs?: number };

/** Delivers the webhooks of one channel, in memory and bounded: retries with back-off, and misbehaves when told to. */
export class WebhookQueue {
  readonly #options: WebhookQueueOptions;
  readonly #entries = new TinyQueue<Entry>([], (left, right) => left.dueAt - right.dueAt || left.place - right.place);
  #places = 0;
  #inFlight = 0;
  #closed = false;
  #timer: { readonly dueAt: number; readonly cancel: () => void } | undefined;

  constructor(options: WebhookQueueOptions) {
    this.#options = options;
  }

  /** Messages that are neither delivered nor given up. */
  get waiting(): number {
    return this.#entries.length + this.#inFlight;
  }

  offer(message: WebhookMessage): void {
    const { random, clock } = this.#options;
    const behaviour = this.#options.behaviour();
    if (happens(random, behaviour.loseWebhookPercent)) return;
    const copies = happens(random, behaviour.duplicatePercent) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const shuffleMs = behaviour.outOfOrder ? Math.floor(random() * SHUFFLE_MS) : 0;
      this.#add({
        message,
        attempt: 1,
        dueAt: clock.now() + behaviour.webhookDelayMs + shuffleMs,
        place: this.#places++,
      });
    }
    this.#pump();
  }

  /** Nothing is sent any more; what still waits is forgotten. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #add(entry: Entry): void {
    if (this.#entries.length >= CAPACITY) this.#options.onFailed();
    else this.#entries.push(entry);
  }

  #pump(): void {
    const now = this.#options.clock.now();
    while (!this.#closed && this.#inFlight < CONCURRENCY) {
      const next = this.#entries.peek();
      if (next === undefined) return;
      if (next.dueAt > now) {
        this.#wakeAt(next.dueAt, now);
        return;
      }
      this.#entries.pop();
      void this.#deliver(next);
    }
  }

  #wakeAt(dueAt: number, now: number): void {
    if (this.#timer !== undefined && this.#timer.dueAt <= dueAt) return;
    this.#timer?.cancel();
    const cancel = this.#options.clock.after(dueAt - now, () => {
      this.#timer = undefined;
      this.#pump();
    });
    this.#timer = { dueAt, cancel };
  }

  async #deliver(entry: Entry): Promise<void> {
    this.#inFlight++;
    const outcome = await this.#options.send(entry.message);
    this.#inFlight--;
    if (this.#closed) return;
    if (outcome.delivered) this.#options.onSent();
    else this.#retry(entry, outcome.retryAfterMs ?? 0);
    this.#pump();
  }

  #retry(entry: Entry, retryAfterMs: number): void {
    const pauseMs = PAUSES_MS[entry.attempt - 1];
    if (pauseMs === undefined) {
      this.#options.onFailed();
      return;
    }
    const dueAt = this.#options.clock.now() + Math.max(pauseMs, retryAfterMs);
    this.#add({ ...entry, attempt: entry.attempt + 1, dueAt });
  }
}

interface Entry {
  readonly message: WebhookMessage;
  readonly attempt: number;
  readonly dueAt: number;
  /** Messages due in the same millisecond go in the order they came. */
  readonly place: number;
}

/** Messages of one channel that may wait, retries included. */
export const CAPACITY = 10_000;
/** Requests of one channel in flight. */
export const CONCURRENCY = 16;
/** Between the attempts: a message is given up when the attempt after the last pause fails. */
export const PAUSES_MS: readonly number[] = [250, 1_000, 4_000, 15_000, 60_000];
/** Out of order means that each message waits for up to this long. */
const SHUFFLE_MS = 500;
