/** Lets one loop sleep until there is work for it. A notification that comes while the loop is busy is kept. */
export class WakeSignal {
  #notified = false;
  #wake: (() => void) | undefined;

  notify(): void {
    this.#notified = true;
    this.#wake?.();
  }

  /** Resolves when notified, after `timeoutMs`, or when the signal aborts. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#notified && !signal.aborted && timeoutMs > 0) await this.#sleep(timeoutMs, signal);
    this.#notified = false;
  }

  #sleep(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, Math.min(timeoutMs, MAX_TIMEOUT_MS));
      signal.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
    });
  }
}

/** Past this Node's timers fire at once. */
const MAX_TIMEOUT_MS = 2_147_483_647;
