import { type EventStore, Overloaded } from '#event-sourcing';
import { NotCaughtUp, type Runner } from './runner.js';

/** So many lines may lie ahead before a heavy request has to wait: half a minute to a minute of work. */
const MAX_LINES_AHEAD = 250_000;
/** With so many ahead, light ones wait as well. */
const MAX_LINES_AHEAD_OF_LIGHT = 1_000_000;
/** A request of so many lines, which is the heaviest single sale, is light. */
const LIGHT_LINES = 1_000;
/** On the slow side, for the hint when to come again. */
const LINES_PER_SECOND = 5_000;
const LEFT_OVER_RETRY_MS = 10_000;
const RETRY_FOR_MS = 2_000;

/**
 * Lines of orders that were let in and that the process which books them has not come to. Doors ask before they let more
 * in: what lies ahead takes no memory, but every line waits for those before it.
 */
export class Backlog {
  private readonly ahead: { position: number; lines: number }[] = [];
  private lines = 0;
  private worker: Worker | undefined;
  /** End of the log when the first request came: what lies before it is of earlier runs, and its lines were not counted. */
  private leftOverUpTo: number | undefined;

  constructor(private readonly store: Pick<EventStore, 'head'>) {}

  /** Says who books the lines. Where that is another process, nothing is known here and everything is let in. */
  workedOffBy(work: object): void {
    if (isWorker(work)) this.worker = work;
  }

  /** Throws {@link Overloaded} when so much lies ahead that these lines should come later. */
  async admit(lines: number): Promise<void> {
    const { worker } = this;
    if (!worker) return;
    const ahead = this.linesAhead();
    const isLight = lines <= LIGHT_LINES;
    if (ahead > (isLight ? MAX_LINES_AHEAD_OF_LIGHT : MAX_LINES_AHEAD))
      throw new Overloaded('The booking of sales', ((ahead - MAX_LINES_AHEAD / 2) / LINES_PER_SECOND) * 1_000);
    this.leftOverUpTo ??= await this.store.head();
    if (!isLight) await untilPast(worker, this.leftOverUpTo);
  }

  /** So many lines are in the log, the last of them at this position. */
  add(position: number, lines: number): void {
    if (!this.worker || lines === 0) return;
    this.lines += lines;
    const last = this.ahead.at(-1);
    if (!last || last.lines >= LIGHT_LINES) {
      this.ahead.push({ position, lines });
      return;
    }
    last.position = Math.max(last.position, position);
    last.lines += lines;
  }

  linesAhead(): number {
    const position = this.worker?.position ?? Number.POSITIVE_INFINITY;
    const passed = this.ahead.findIndex((entry) => entry.position > position);
    for (const { lines } of this.ahead.splice(0, passed < 0 ? this.ahead.length : passed)) this.lines -= lines;
    return this.lines;
  }
}

type Worker = Pick<Runner, 'position' | 'waitFor'>;

const isWorker = (work: object): work is Worker => 'position' in work && 'waitFor' in work;

async function untilPast(worker: Worker, position: number): Promise<void> {
  if (worker.position >= position) return;
  try {
    await worker.waitFor(position, RETRY_FOR_MS);
  } catch (error) {
    if (error instanceof NotCaughtUp) throw new Overloaded('The booking of earlier sales', LEFT_OVER_RETRY_MS);
    throw error;
  }
}
