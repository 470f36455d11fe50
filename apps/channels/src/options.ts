import { z } from 'zod';
import { StartupError } from '#platform';

/** Token of {@link ChannelsOptions}. */
export const CHANNELS_OPTIONS = 'CHANNELS_OPTIONS';

/** How this service works; everything but the secrets. */
export interface ChannelsOptions {
  /** Between two pulls of a channel's orders. */
  readonly pollOrdersMs: number;
  /** Between two drift checks of a channel; 0 for none. */
  readonly driftCheckMs: number;
  /** What differs is looked at once more after so long. */
  readonly driftSecondLookMs: number;
  /** Sales that may wait in the intake. */
  readonly maxWaitingSales: number;
  readonly intakeBatchSize: number;
  readonly intakeAttempts: number;
  /** How often the intake is looked at although nobody rang. */
  readonly intakePollMs: number;
  /** Messages that are done are known for so long. */
  readonly keepDoneMs: number;
  /** Messages that are not understood keep their content, sealed, for so long. */
  readonly keepUnreadableMs: number;
  /** Listings per channel that wait in memory. */
  readonly maxDueInMemory: number;
  /** How often the ledger is read although nobody told of a change. */
  readonly rereadLedgerMs: number;
  /** Failed requests in a row that open a channel's circuit breaker, and for how long. */
  readonly openAfterFailures: number;
  readonly openMs: number;
  readonly standbyMs: number;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
}

export const defaultOptions: ChannelsOptions = {
  pollOrdersMs: 30_000,
  driftCheckMs: 900_000,
  driftSecondLookMs: 2_000,
  maxWaitingSales: 100_000,
  intakeBatchSize: 500,
  intakeAttempts: 10,
  intakePollMs: 1_000,
  keepDoneMs: 3 * 24 * 60 * 60 * 1_000,
  keepUnreadableMs: 90 * 24 * 60 * 60 * 1_000,
  maxDueInMemory: 10_000,
  rereadLedgerMs: 60_000,
  openAfterFailures: 5,
  openMs: 15_000,
  standbyMs: 250,
  random: Math.random,
};

/** The options as the environment sets them. Throws `StartupError` with a sentence per wrong value. */
export function optionsFrom(environment: Readonly<Record<string, string | undefined>>): ChannelsOptions {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success)
    throw new StartupError(
      parsed.error.issues.map(({ path, message }) => `${path.join('.')} must be ${message}.`).join('\n'),
    );
  const { EINKLANG_POLL_ORDERS_SECONDS, EINKLANG_DRIFT_CHECK_SECONDS, EINKLANG_INTAKE_MAX_WAITING } = parsed.data;
  return {
    ...defaultOptions,
    pollOrdersMs: EINKLANG_POLL_ORDERS_SECONDS * 1_000,
    driftCheckMs: EINKLANG_DRIFT_CHECK_SECONDS * 1_000,
    maxWaitingSales: EINKLANG_INTAKE_MAX_WAITING,
  };
}

const wholeNumber = (least: number, most: number, preset: number) => {
  const rule = `a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, rule)
    .transform(Number)
    .pipe(z.int().min(least, rule).max(most, rule))
    .default(preset);
};

const schema = z.object({
  EINKLANG_POLL_ORDERS_SECONDS: wholeNumber(1, 86_400, 30),
  EINKLANG_DRIFT_CHECK_SECONDS: wholeNumber(0, 86_400, 900),
  EINKLANG_INTAKE_MAX_WAITING: wholeNumber(1, 10_000_000, 100_000),
});
