import { AsyncLocalStorage } from 'node:async_hooks';

/** Who asked, and the id that everything that follows from the request shares. Log lines carry it by themselves. */
export interface WorkContext {
  readonly correlationId: string;
  readonly actor: string;
  /** W3C trace context of the step that is under way, where it is recorded. */
  readonly traceparent?: string;
}

/** The context of the request or the event being worked on; undefined outside of one. */
export const currentContext = (): WorkContext | undefined => storage.getStore();

/** Runs `work` so that {@link currentContext} and the log lines inside it know `context`. */
export const runInContext = <Result>(context: WorkContext, work: () => Result): Result => storage.run(context, work);

const storage = new AsyncLocalStorage<WorkContext>();
