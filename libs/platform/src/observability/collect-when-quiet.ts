import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Shutdown } from '../shutdown.js';

const LOOK_EVERY_MS = 30_000;
/** So much of one core's time, and the process has nothing better to do. */
const QUIET_SHARE = 0.25;
const WORTHWHILE_BYTES = 32 * 1_048_576;
/** Looks after which what was kept for the next request has been dropped as well. */
const LOOKS_UNTIL_CACHES_ARE_EMPTY = 12;

/** What it looks at and does. */
export interface Heap {
  /** Processor time used so far, in milliseconds. */
  cpuMs(): number;
  now(): number;
  totalBytes(): number;
  collect(): void;
}

/**
 * V8 collects garbage when something is allocated, so after a load the heap stays as large as it was. This collects once the
 * process is quiet: when the heap has grown, and again when the caches have given up what was idle.
 */
export class CollectsWhenQuiet {
  private lookedAt: number;
  private cpuMs: number;
  private bytesBefore = 0;
  private quietLooks = 0;

  constructor(private readonly heap: Heap = v8Heap()) {
    this.lookedAt = heap.now();
    this.cpuMs = heap.cpuMs();
  }

  look(): void {
    if (!this.isQuiet()) {
      this.quietLooks = 0;
      return;
    }
    this.quietLooks += 1;
    const hasGrown = this.heap.totalBytes() > this.bytesBefore + WORTHWHILE_BYTES;
    if (!hasGrown && this.quietLooks !== LOOKS_UNTIL_CACHES_ARE_EMPTY) return;
    this.heap.collect();
    this.bytesBefore = this.heap.totalBytes();
  }

  private isQuiet(): boolean {
    const [now, cpuMs] = [this.heap.now(), this.heap.cpuMs()];
    const share = (cpuMs - this.cpuMs) / Math.max(1, now - this.lookedAt);
    [this.lookedAt, this.cpuMs] = [now, cpuMs];
    return share < QUIET_SHARE;
  }
}

/** Looks every half minute until the end. */
export function collectWhenQuiet(shutdown: Shutdown): void {
  const collector = new CollectsWhenQuiet();
  const timer = setInterval(() => collector.look(), LOOK_EVERY_MS).unref();
  shutdown.onShutdown('garbage collection', () => clearInterval(timer));
}

function v8Heap(): Heap {
  return {
    cpuMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
    now: () => performance.now(),
    totalBytes: () => getHeapStatistics().total_heap_size,
    collect: () => collectGarbage(),
  };
}

/** The function that Node has for this only with a flag on its command line. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort' });
}
