import { settingsOf } from '#platform';
import { channelsSettings, type Environment } from '#settings';

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
  /** How often the intake is looked at without a notification (poll fallback). */
  readonly intakePollMs: number;
  /** Messages that are done are known for so long. */
  readonly keepDoneMs: number;
  /** Messages that are not understood keep their content, sealed, for so long. */
  readonly keepUnreadableMs: number;
  /** Listings per channel that wait in memory. */
  readonly maxDueInMemory: number;
  /** How often the ledger is read without a notification (poll fallback). */
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
export function optionsFrom(environment: Environment): ChannelsOptions {
  const values = settingsOf(channelsSettings, environment);
  return {
    ...defaultOptions,
    pollOrdersMs: values.EINKLANG_POLL_ORDERS_SECONDS * 1_000,
    driftCheckMs: values.EINKLANG_DRIFT_CHECK_SECONDS * 1_000,
    maxWaitingSales: values.EINKLANG_INTAKE_MAX_WAITING,
  };
}
