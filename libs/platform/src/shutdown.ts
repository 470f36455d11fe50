import { Logger } from '@nestjs/common';

/**
 * The orderly end of a process. Whoever opens something that must be closed registers how, right after opening it;
 * the hooks run in reverse, after HTTP and gRPC have answered what they had begun.
 */
export class Shutdown {
  private readonly hooks: Hook[] = [];
  private readonly controller = new AbortController();
  private running: Promise<boolean> | undefined;

  /** All hooks together have `limitMs`; what is not done by then is left, with an error in the log. */
  constructor(private readonly limitMs: number = 10_000) {}

  /** Aborts when the end begins: long-lived loops and streams stop on it. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** `hook` runs once, before the hooks that were registered earlier. `name` is for the log. */
  onShutdown(name: string, hook: () => void | Promise<void>): void {
    this.hooks.push({ name, hook });
  }

  /** Runs the end, once however often it is asked for. True when every hook finished without an error. */
  run(): Promise<boolean> {
    this.running ??= this.runHooks();
    return this.running;
  }

  private async runHooks(): Promise<boolean> {
    this.controller.abort();
    const deadlineMs = performance.now() + this.limitMs;
    let clean = true;
    // Taken one by one: what a start-up that was interrupted opens meanwhile is closed as well.
    for (let hook = this.hooks.pop(); hook; hook = this.hooks.pop()) {
      const error = await failureOf(hook, Math.max(0, deadlineMs - performance.now()));
      if (error === undefined) continue;
      clean = false;
      logger.error({ msg: `Closing ${hook.name} failed`, err: error });
    }
    return clean;
  }
}

/** Where signals come from and how a process ends; tests put their own in its place. */
export interface ProcessEnd {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * SIGINT and SIGTERM run the shutdown and exit with 0 (1 when a hook failed); a second one exits at once with 130.
 * Returns a function that stops listening.
 */
export function endOnSignals(shutdown: Shutdown, target: ProcessEnd = process): () => void {
  let received = 0;
  const listener = (): void => {
    received += 1;
    if (received > 1) target.exit(130);
    else void shutdown.run().then((clean) => target.exit(clean ? 0 : 1));
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
  readonly hook: () => void | Promise<void>;
}

const logger = new Logger('Shutdown');

async function failureOf({ hook }: Hook, limitMs: number): Promise<unknown> {
  const late = Promise.withResolvers<Error>();
  const timer = setTimeout(() => late.resolve(new Error('it took longer than the time that is left for it')), limitMs);
  try {
    return await Promise.race([Promise.resolve(hook()).then(() => undefined), late.promise]);
  } catch (error) {
    return error ?? new Error('unknown reason');
  } finally {
    clearTimeout(timer);
  }
}
