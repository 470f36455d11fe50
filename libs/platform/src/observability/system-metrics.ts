import { COMMAND_OUTCOMES, type CommandFigures, type CommandOutcome } from '#event-sourcing';
import type { AvailabilityRelayStatus, ConsumerStatus } from '#messaging';
import type { RunnerStatus } from '#read-models';
import { askWithTimeLimit } from '../operations/ask-with-time-limit.js';
import type { Metrics } from '../operations/metrics.js';
import { addReadings, type Reading } from './readings.js';

/**
 * The end of the log, and how far every view and process is behind it. `head` may fail or hang: then both are left out of
 * that scrape, and the rest of it comes all the same.
 */
export function exportRunners(
  metrics: Metrics,
  statusOfAll: () => readonly RunnerStatus[],
  head: () => Promise<number>,
): void {
  const ask = askWithTimeLimit(head, HEAD_LIMIT_MS);
  const knownHead = () => ask().catch(() => undefined);
  addReadings(
    metrics,
    LOG,
    [],
    () => ({}),
    async () => present(await knownHead()),
  );
  addReadings(metrics, RUNNERS, ['runner', 'kind'], runnerLabels, statusOfAll);
  addReadings(metrics, RUNNER_LAG, ['runner', 'kind'], runnerLabels, async () => {
    const end = await knownHead();
    return end === undefined
      ? []
      : statusOfAll().map((status) => ({ ...status, lag: Math.max(0, end - status.position) }));
  });
}

/** Events of other applications in the same log; nothing while `count` answers undefined. */
export function exportForeignEvents(metrics: Metrics, count: () => number | undefined): void {
  addReadings(
    metrics,
    FOREIGN_EVENTS,
    [],
    () => ({}),
    () => present(count()),
  );
}

/** Everything consumers of Kafka count, of the partitions that this process has. */
export function exportConsumers(metrics: Metrics, statusOfAll: () => readonly ConsumerStatus[]): void {
  addReadings(metrics, CONSUMERS, ['consumer'], ({ name }) => ({ consumer: name }), statusOfAll);
  addReadings(
    metrics,
    CONSUMER_LAG,
    ['consumer', 'topic'],
    ({ consumer, topic }) => ({ consumer, topic }),
    () => statusOfAll().flatMap(lagByTopic),
  );
}

/** How far the availability feed has gone out; nothing while `status` answers undefined. */
export function exportAvailabilityRelay(metrics: Metrics, status: () => AvailabilityRelayStatus | undefined): void {
  addReadings(
    metrics,
    AVAILABILITY_RELAY,
    [],
    () => ({}),
    () => present(status()),
  );
}

/** What commands came to and what waits. Runners of one category (of several stores, say) are added up. */
export function exportCommands(metrics: Metrics, figuresOfAll: () => readonly CommandFigures[]): void {
  const byCategory = () => Map.groupBy(figuresOfAll(), ({ category }) => category).values();
  addReadings(metrics, COMMANDS, ['category'], categoryOf, byCategory);
  addReadings(
    metrics,
    COMMAND_OUTCOME,
    ['category', 'outcome'],
    ({ figures, outcome }) => ({ ...categoryOf(figures), outcome }),
    () => [...byCategory()].flatMap((figures) => COMMAND_OUTCOMES.map((outcome) => ({ figures, outcome }))),
  );
}

const LOG: readonly Reading<number>[] = [
  { name: 'einklang_log_head_position', help: 'Position of the last event in the log', value: (head) => head },
];

const FOREIGN_EVENTS: readonly Reading<number>[] = [
  {
    name: 'einklang_foreign_events_total',
    help: 'Events of other applications that readers of this process passed over',
    type: 'counter',
    value: (count) => count,
  },
];

const RUNNERS: readonly Reading<RunnerStatus>[] = [
  {
    name: 'einklang_runner_position',
    help: 'Position of the log up to which a view or process has given every event its effect',
    value: ({ position }) => position,
  },
  { name: 'einklang_runner_parked', help: 'Events that a view or process has parked', value: ({ parked }) => parked },
  {
    name: 'einklang_runner_ready',
    help: '1 while a view or process works or stands by, 0 while it starts, rebuilds, retries or is stopped',
    value: ({ ready }) => Number(ready),
  },
  {
    name: 'einklang_runner_failures',
    help: 'Failed attempts of a view or process in a row',
    value: ({ failures }) => failures,
  },
  {
    name: 'einklang_runner_events_total',
    help: 'Events that a view or process has handled in this process',
    type: 'counter',
    value: ({ events }) => events,
  },
];

const RUNNER_LAG: readonly Reading<RunnerStatus & { readonly lag: number }>[] = [
  {
    name: 'einklang_runner_lag',
    help: 'Positions of the log that a view or process has not passed yet',
    value: ({ lag }) => lag,
  },
];

const CONSUMERS: readonly Reading<ConsumerStatus>[] = [
  {
    name: 'einklang_consumer_parked',
    help: 'Messages in the dead letters of the partitions of this process',
    value: ({ parked }) => parked,
  },
  {
    name: 'einklang_consumer_stuck_partitions',
    help: 'Partitions of this process that have messages and do not move',
    value: ({ partitions }) => partitions.filter(({ stuck }) => stuck).length,
  },
  {
    name: 'einklang_consumer_ready',
    help: '1 while a consumer works or is paused and none of its partitions fails or is stuck',
    value: ({ ready }) => Number(ready),
  },
  {
    name: 'einklang_consumer_messages_total',
    help: 'Messages that had an effect or were parked, in this process',
    type: 'counter',
    value: ({ messages }) => messages,
  },
  {
    name: 'einklang_consumer_missing_total',
    help: 'Messages that Kafka deleted before they were read; more than 0 asks for a rebuild',
    type: 'counter',
    value: ({ missing }) => missing,
  },
  {
    name: 'einklang_consumer_rebalances_total',
    help: 'Joins of the consumer group after the first',
    type: 'counter',
    value: ({ rebalances }) => rebalances,
  },
];

const CONSUMER_LAG: readonly Reading<{ readonly lag: number }>[] = [
  {
    name: 'einklang_consumer_lag',
    help: 'Messages in Kafka ahead of a consumer, in the partitions of this process',
    value: ({ lag }) => lag,
  },
];

const AVAILABILITY_RELAY: readonly Reading<AvailabilityRelayStatus>[] = [
  {
    name: 'einklang_availability_relay_sequence',
    help: 'Place in the availability feed up to which every change is in Kafka',
    value: ({ sequence }) => sequence,
  },
  {
    name: 'einklang_availability_relay_messages_total',
    help: 'Availability changes sent to Kafka by this process',
    type: 'counter',
    value: ({ messages }) => messages,
  },
  {
    name: 'einklang_availability_relay_failures',
    help: 'Failed attempts of the availability relay in a row',
    value: ({ failures }) => failures,
  },
];

const COMMANDS: readonly Reading<readonly CommandFigures[]>[] = [
  {
    name: 'einklang_command_conflicts_total',
    help: "Appends that found another writer's events, so that their commands were decided again",
    type: 'counter',
    value: (figures) => sum(figures, ({ conflicts }) => conflicts),
  },
  {
    name: 'einklang_mailbox_waiting',
    help: 'Commands that wait or are being stored',
    value: (figures) => sum(figures, ({ waiting }) => waiting),
  },
  {
    name: 'einklang_mailbox_streams',
    help: 'Streams kept in memory',
    value: (figures) => sum(figures, ({ streams }) => streams),
  },
];

const COMMAND_OUTCOME: readonly Reading<{
  readonly figures: readonly CommandFigures[];
  readonly outcome: CommandOutcome;
}>[] = [
  {
    name: 'einklang_commands_total',
    help: 'Commands by what came of them',
    type: 'counter',
    value: ({ figures, outcome }) => sum(figures, ({ outcomes }) => outcomes[outcome]),
  },
];

const HEAD_LIMIT_MS = 1_000;

const runnerLabels = ({ name, kind }: RunnerStatus) => ({ runner: name, kind });
const categoryOf = ([first]: readonly CommandFigures[]) => ({ category: first?.category ?? '' });
const present = <Value>(value: Value | undefined): Value[] => (value === undefined ? [] : [value]);
const sum = <Item>(items: readonly Item[], value: (item: Item) => number): number =>
  items.reduce((total, item) => total + value(item), 0);

/** A topic whose end has not been seen everywhere has no lag that could be told. */
function lagByTopic({ name, partitions }: ConsumerStatus) {
  return [...Map.groupBy(partitions, ({ topic }) => topic)].flatMap(([topic, own]) => {
    const lags = own.flatMap(({ lag }) => lag ?? []);
    return lags.length < own.length ? [] : [{ consumer: name, topic, lag: sum(lags, (lag) => lag) }];
  });
}
