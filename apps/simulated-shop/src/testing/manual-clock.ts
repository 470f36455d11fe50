import type { ShopClock } from '../shop-clock.js';

/** Stands still until it is moved; then calls what became due, in the order of its time. */
export class ManualClock implements ShopClock {
  #now: number;
  #timers: { readonly dueAt: number; readonly action: () => void }[] = [];

  constructor(now = Date.UTC(2026, 0, 15, 12)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { dueAt: this.#now + delayMs, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  advance(byMs: number): void {
    const end = this.#now + byMs;
    for (let next = this.#nextUntil(end); next !== undefined; next = this.#nextUntil(end)) {
      const due = next;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.dueAt);
      due.action();
    }
    this.#now = end;
  }

  #nextUntil(end: number) {
    return this.#timers.filter(({ dueAt }) => dueAt <= end).sort((left, right) => left.dueAt - right.dueAt)[0];
  }
}
