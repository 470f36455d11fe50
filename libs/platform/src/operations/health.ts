import { askWithTimeLimit } from './ask-with-time-limit.js';

/** What a check found. `detail` is shown to operators: numbers and names, nothing personal. */
export interface CheckResult {
  /** False: requests are better sent to another process. */
  readonly healthy: boolean;
  /** The process serves, and something in it waits for a person or for another try. */
  readonly degraded?: boolean;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface HealthReport {
  /** `degraded`: it serves, and a check says what does not work as it should. */
  readonly status: 'ready' | 'degraded' | 'not-ready';
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** The named checks behind /health/ready. Services add theirs while they are assembled. */
export class HealthChecks {
  private readonly checks = new Map<string, () => Promise<CheckResult>>();

  /** Adds a check under a name of its own; a second one of that name is an error. It has {@link CHECK_LIMIT_MS} to answer. */
  add(name: string, check: () => CheckResult | Promise<CheckResult>): void {
    if (this.checks.has(name)) throw new Error(`There is a health check called ${name} already.`);
    this.checks.set(name, askWithTimeLimit(check, CHECK_LIMIT_MS));
  }

  /** Runs all checks at once. A check that throws or takes too long is not healthy; one that hangs is not asked again. */
  async report(): Promise<HealthReport> {
    const entries = await Promise.all(
      [...this.checks].map(async ([name, check]) => [name, await outcomeOf(check)] as const),
    );
    return { status: statusOf(entries.map(([, result]) => result)), checks: Object.fromEntries(entries) };
  }
}

function statusOf(results: readonly CheckResult[]): HealthReport['status'] {
  if (results.some(({ healthy }) => !healthy)) return 'not-ready';
  return results.some(({ degraded }) => degraded) ? 'degraded' : 'ready';
}

export const CHECK_LIMIT_MS = 2_000;

async function outcomeOf(check: () => Promise<CheckResult>): Promise<CheckResult> {
  try {
    return await check();
  } catch (error) {
    return { healthy: false, detail: { error: error instanceof Error ? error.message : String(error) } };
  }
}
