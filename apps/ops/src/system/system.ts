/** A system that answers over REST, started by somebody else or by us. */
export interface RunningSystem {
  /** Such as http://127.0.0.1:3000, without a slash at the end. */
  readonly httpUrl: string;
  /** Lets go of it: ends a system that was started for this command, leaves any other alone. */
  stop(): Promise<unknown>;
}

export interface SystemOptions {
  readonly dataDir: string;
  /** 0 takes any free port. */
  readonly httpPort: number;
}

/** Starts the whole system in this process. */
export type StartSystem = (options: SystemOptions) => Promise<RunningSystem>;
