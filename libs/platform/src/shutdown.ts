import { Logger } from '@nestjs/common';
import type { ProcessEnd } from './process-end.js';

/**
 * The orderly end of a process. What opens something that must be closed registers how, right after opening it;
 * the hooks run in reverse, after HTTP and gRPC have answered what they had begun.
 */
export class Shutdown {
  private readonly hooks: Hook[] = [];
  private readonly controller = new AbortController();
  private readonly hurried = Promise.withResolvers<void>();
  private deadlineMs = Number.POSITIVE_INFINITY;
  private running: Promise<boolean> | undefined;
  /** A signal asked for the end: what fails because of it needs no words. */
  isInterrupted = false;

  /** All hooks together have `limitMs`; what is not done by then is left, with an error in the log. */
  constructor(private readonly limitMs: number = 10_000) {}

  /** Aborts when the end begins: long-lived loops and streams stop on it. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /**
   * `hook` runs once, before the hooks that were registered earlier. `name` is for the log. With a `limitMs` of its own it has that
   * time also where nothing is left of the time of all: for what would outlive the process.
   */
  onShutdown(name: string, hook: Hook['hook'], { limitMs }: { readonly limitMs?: number } = {}): void {
    this.hooks.push({ name, hook, limitMs });
  }

  /**
   * Opens something, and has it closed at the end, also where the end comes before it is open. Throws then, so that nothing is
   * opened on top of it.
   */
  async opened<Opened>(
    name: string,
    open: () => Promise<Opened>,
    close: (opened: Opened, end: End) => void | Promise<void>,
    limit: { readonly limitMs?: number } = {},
  ): Promise<Opened> {
    this.signal.throwIfAborted();
    const opening = open();
    const ready = opening.then(
      (opened) => ({ opened }),
      () => undefined,
    );
    const hook = async (end: End) => {
      const it = await ready;
      if (it) await close(it.opened, end);
    };
    this.onShutdown(name, hook, limit);
    const opened = await opening;
    this.signal.throwIfAborted();
    return opened;
  }

  /** Runs the end, once however often it is asked for. True when every hook finished without an error. */
  run(): Promise<boolean> {
    this.running ??= this.runHooks();
    return this.running;
  }

  /** Waits no longer for what takes its time, but for what has a limit of its own. */
  hurry(): void {
    this.deadlineMs = 0;
    this.hurried.resolve();
  }

  private async runHooks(): Promise<boolean> {
    this.controller.abort();
    this.deadlineMs = Math.min(this.deadlineMs, performance.now() + this.limitMs);
    let clean = true;
    // Taken one by one: what a start-up that was interrupted opens meanwhile is closed as well.
    for (let hook = this.hooks.pop(); hook; hook = this.hooks.pop()) {
      const error = await this.failureOf(hook);
      if (error === undefined) continue;
      clean = false;
      logger.error({ msg: `Closing ${hook.name} failed`, err: error });
    }
    return clean;
  }

  private async failureOf({ hook, limitMs }: Hook): Promise<unknown> {
    const leftMs = Math.max(0, this.deadlineMs - performance.now());
    const late = Promise.withResolvers<Error>();
    const giveUp = () => late.resolve(new Error('it took longer than the time that is left for it'));
    const timer = setTimeout(giveUp, Math.max(leftMs, limitMs ?? 0));
    if (limitMs === undefined) void this.hurried.promise.then(giveUp);
    try {
      return await Promise.race([Promise.resolve(hook({ isLate: leftMs === 0 })).then(() => undefined), late.promise]);
    } catch (error) {
      return error ?? new Error('unknown reason');
    } finally {
      clearTimeout(timer);
    }
  }
}

/** How an end goes. */
export interface End {
  /** The time of all is over: hooks before may not have finished. */
  readonly isLate: boolean;
}

/**
 * SIGINT and SIGTERM run the shutdown and exit with 0 (1 when a hook failed). A second one waits for nothing but what would outlive
 * the process, and exits with 130; a third one exits at once. Returns a function that stops listening.
 */
export function endOnSignals(shutdown: Shutdown, target: ProcessEnd = process): () => void {
  let received = 0;
  const listener = (): void => {
    received += 1;
    shutdown.isInterrupted = true;
    if (received === 1) void shutdown.run().then((clean) => target.exit(received > 1 ? 130 : clean ? 0 : 1));
    else if (received === 2) shutdown.hurry();
    else target.exit(130);
  };
  target.on('SIGINT', listener);
  target.on('SIGTERM', listener);
  return () => {
    target.off('SIGINT', listener);
    target.off('SIGTERM', listener);
  };
}

interface Hook {
  readonly name: string;
  readonly hook: (end: End) => void | Promise<void>;
  readonly limitMs: number | undefined;
}

const logger = new Logger('Shutdown');
