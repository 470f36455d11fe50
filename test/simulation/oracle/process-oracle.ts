import type { ProcessEvent, RecordedEvent } from '#event-sourcing';
import { must } from './violation.js';

interface Instance {
  /** What it waits for, and until when. */
  waiting: { readonly step: string; readonly until: string } | undefined;
  hasEnded: boolean;
}

/** What the stream of a process may say, given what it said before. */
export class ProcessOracle {
  readonly #instances = new Map<string, Instance>();

  apply({ stream, position, ...event }: RecordedEvent<ProcessEvent>): void {
    if (!stream.startsWith('process-')) return;
    const where = (): string => `${stream}, ${event.type} at ${position}`;
    const known = this.#instances.get(stream);
    must(event.type !== 'ProcessStarted' || !known, 'a process starts once', where);
    const instance = known ?? { waiting: undefined, hasEnded: false };
    this.#instances.set(stream, instance);
    must(!instance.hasEnded, 'a process that has ended does nothing more', where);
    if (event.type === 'StepSent' || event.type === 'StepRetried') {
      const { step, until } = event.data;
      instance.waiting = until === undefined ? undefined : { step, until };
    }
    if (event.type === 'StepTimedOut') {
      const { waiting } = instance;
      const isDue = waiting?.step === event.data.step && waiting.until === event.data.until;
      must(isDue, 'the time of a step is up once, while it waits', where);
      instance.waiting = undefined;
    }
    if (event.type === 'StepAnswered' && event.data.answer) instance.waiting = undefined;
    if (event.type === 'ProcessEnded') instance.hasEnded = true;
  }

  /** One that has not ended; undefined when all have. */
  open(): string | undefined {
    for (const [stream, { hasEnded }] of this.#instances) if (!hasEnded) return stream;
    return undefined;
  }
}
