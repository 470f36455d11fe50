/** The event that a process handles or answers to: enough to find it in the log. */
export interface Cause {
  readonly id: string;
  readonly type: string;
  readonly position: number;
}

/** How a process ended: every step done, what was done taken back, or by a person. */
export type ProcessEnd = 'done' | 'undone' | 'ended';

/** What lies in the stream of a process, whatever process it is. `libs/contracts` holds their schemas and samples. */
export type ProcessEvent =
  | {
      readonly type: 'ProcessStarted';
      readonly data: {
        readonly process: string;
        readonly instance: string;
        readonly because: Cause;
        /** What the process keeps of the event that started it. */
        readonly data: Readonly<Record<string, unknown>>;
      };
    }
  | {
      readonly type: 'ProcessEventSeen';
      /** An answer that came before the process waits for it. */
      readonly data: Cause & { readonly stream: string; readonly data: Readonly<Record<string, unknown>> };
    }
  | {
      readonly type: 'StepSent';
      readonly data: { readonly step: string } & Waiting;
    }
  | {
      readonly type: 'StepAnswered';
      readonly data: {
        readonly step: string;
        /** Absent: a part of the answer. */
        readonly answer?: 'done' | 'refused' | undefined;
        /** The event that answered, where it was not the command itself. */
        readonly because?: Cause | undefined;
        /** Code of the refusal. */
        readonly reason?: string | undefined;
        /** What the process keeps from now on. */
        readonly data?: Readonly<Record<string, unknown>> | undefined;
        /** Of a refused step: the targets that had taken effect before, and are taken back. */
        readonly applied?: readonly string[] | undefined;
      };
    }
  | {
      readonly type: 'StepTimedOut';
      readonly data: {
        readonly step: string;
        readonly until: string;
        readonly afterwards: Waiting['afterwards'];
        /** Where a person did not want to wait any longer. */
        readonly reason?: string | undefined;
      };
    }
  | { readonly type: 'StepUndone'; readonly data: { readonly step: string } }
  | { readonly type: 'StepStuck'; readonly data: { readonly step: string; readonly reason: string } }
  | { readonly type: 'StepRetried'; readonly data: { readonly step: string; readonly until?: string | undefined } }
  | {
      readonly type: 'ProcessEnded';
      readonly data: { readonly end: ProcessEnd; readonly reason?: string | undefined };
    };

export interface Waiting {
  /** Stored names of the events that answer. */
  readonly waitsFor: readonly string[];
  /** ISO 8601 in UTC. */
  readonly until: string;
  readonly forMs: number;
  /** What becomes of the step when its time is up: a person looks, or it counts as refused. */
  readonly afterwards: 'stuck' | 'refused';
}
