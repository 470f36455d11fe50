/** One kind of misfortune that `npm run faults -- <name>` brings about. */
export interface Fault {
  readonly name: string;
  /** A sentence for the list of faults. */
  readonly summary: string;
  /** The long form, for the command. */
  run(run: FaultRun): Promise<Finding>;
}

/** What a fault works with. */
export interface FaultRun {
  progress(text: string): void;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface Finding {
  /** Counts, and times in milliseconds where the name ends in Ms. */
  readonly figures: Readonly<Record<string, number>>;
  /** What must not be, in sentences. Empty when all went well. */
  readonly violations: readonly string[];
  /** Why it could not be brought about on this machine; then there are no figures. */
  readonly impossible?: string;
}
