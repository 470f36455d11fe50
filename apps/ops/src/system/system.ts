/** A system that answers over REST, started by another program or by us. */
export interface RunningSystem {
  /** Such as http://127.0.0.1:3000, without a slash at the end. */
  readonly httpUrl: string;
  /** Where the simulated shop of its data directory answers; absent when it runs none. */
  readonly shopUrl?: string;
  /** Lets go of it: ends a system that was started for this command, leaves any other alone. */
  stop(): Promise<unknown>;
}

export interface SystemOptions {
  readonly dataDir: string;
  /** 0 takes any free port. */
  readonly httpPort: number;
  /** Whether the simulated shop must run beside it. It does in any case where the data directory has one. */
  readonly needsShop: boolean;
}

/** Starts the whole system in this process. */
export type StartSystem = (options: SystemOptions) => Promise<RunningSystem>;
