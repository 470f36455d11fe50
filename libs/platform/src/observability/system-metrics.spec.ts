import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CommandFigures,
  CommandRunner,
  type CommandRunnerOptions,
  type Decider,
  type EventMetadata,
  type EventStore,
} from '#event-sourcing';
import { Rejected } from '#kernel';
import type { AvailabilityRelayStatus, ConsumerStatus } from '#messaging';
import type { RunnerStatus } from '#read-models';
import { InMemoryEventStore } from '#testing';
import {
  exportAvailabilityRelay,
  exportCommands,
  exportConsumers,
  exportForeignEvents,
  exportRunners,
} from '../host.js';
import { Metrics } from '../index.js';

const stockView: RunnerStatus = {
  kind: 'projection',
  name: 'stock',
  version: 1,
  state: 'running',
  ready: true,
  caughtUp: false,
  position: 40,
  events: 12,
  failures: 0,
  parked: 0,
};
const shipIt: RunnerStatus = { ...stockView, kind: 'reaction', name: 'ship-it', ready: false, failures: 3, parked: 2 };

const partition = { topic: 'orders', partition: 0, nextOffset: 5, position: 9, parked: 0, failures: 0, stuck: false };
const consumer: ConsumerStatus = {
  name: 'einklang.stock',
  state: 'running',
  ready: false,
  messages: 5,
  pages: 2,
  repeats: 0,
  skipped: 0,
  missing: 1,
  parked: 4,
  rebalances: 2,
  restarts: 0,
  partitions: [
    { ...partition, lag: 3 },
    { ...partition, partition: 1, lag: 4, stuck: true },
    { ...partition, topic: 'stock', lag: 0 },
  ],
};
const relay: AvailabilityRelayStatus = { state: 'running', sequence: 77, messages: 6, failures: 0 };
const figures: CommandFigures = {
  category: 'stock',
  outcomes: { changed: 10, repeated: 2, unchanged: 1, rejected: 3, failed: 0, overloaded: 4 },
  conflicts: 5,
  waiting: 6,
  streams: 7,
};

/** Lines of the exposition that are samples of ours. */
async function samples(metrics: Metrics): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split('\n').filter((line) => line.startsWith('einklang_'));
}

describe('the metrics of a service', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('have the names and labels that dashboards and alerts use', async () => {
    const metrics = new Metrics();
    exportRunners(
      metrics,
      () => [stockView, shipIt],
      async () => 50,
    );
    exportForeignEvents(metrics, () => 9);
    exportConsumers(metrics, () => [consumer]);
    exportAvailabilityRelay(metrics, () => relay);
    exportCommands(metrics, () => [figures, { ...figures, waiting: 1 }]);
    expect(await samples(metrics)).toEqual([
      'einklang_log_head_position 50',
      'einklang_runner_position{runner="stock",kind="projection"} 40',
      'einklang_runner_position{runner="ship-it",kind="reaction"} 40',
      'einklang_runner_parked{runner="stock",kind="projection"} 0',
      'einklang_runner_parked{runner="ship-it",kind="reaction"} 2',
      'einklang_runner_ready{runner="stock",kind="projection"} 1',
      'einklang_runner_ready{runner="ship-it",kind="reaction"} 0',
      'einklang_runner_failures{runner="stock",kind="projection"} 0',
      'einklang_runner_failures{runner="ship-it",kind="reaction"} 3',
      'einklang_runner_events_total{runner="stock",kind="projection"} 12',
      'einklang_runner_events_total{runner="ship-it",kind="reaction"} 12',
      'einklang_runner_lag{runner="stock",kind="projection"} 10',
      'einklang_runner_lag{runner="ship-it",kind="reaction"} 10',
      'einklang_foreign_events_total 9',
      'einklang_consumer_parked{consumer="einklang.stock"} 4',
      'einklang_consumer_stuck_partitions{consumer="einklang.stock"} 1',
      'einklang_consumer_ready{consumer="einklang.stock"} 0',
      'einklang_consumer_messages_total{consumer="einklang.stock"} 5',
      'einklang_consumer_missing_total{consumer="einklang.stock"} 1',
      'einklang_consumer_rebalances_total{consumer="einklang.stock"} 2',
      'einklang_consumer_lag{consumer="einklang.stock",topic="orders"} 7',
      'einklang_consumer_lag{consumer="einklang.stock",topic="stock"} 0',
      'einklang_availability_relay_sequence 77',
      'einklang_availability_relay_messages_total 6',
      'einklang_availability_relay_failures 0',
      'einklang_command_conflicts_total{category="stock"} 10',
      'einklang_mailbox_waiting{category="stock"} 7',
      'einklang_mailbox_streams{category="stock"} 14',
      'einklang_commands_total{category="stock",outcome="changed"} 20',
      'einklang_commands_total{category="stock",outcome="repeated"} 4',
      'einklang_commands_total{category="stock",outcome="unchanged"} 2',
      'einklang_commands_total{category="stock",outcome="rejected"} 6',
      'einklang_commands_total{category="stock",outcome="failed"} 0',
      'einklang_commands_total{category="stock",outcome="overloaded"} 8',
    ]);
  });

  it('are read again at every scrape, and what is gone shows no more', async () => {
    const metrics = new Metrics();
    const running = [{ ...consumer, messages: 5 }];
    exportConsumers(metrics, () => running);
    await samples(metrics);
    running[0] = { ...consumer, messages: 8 };
    expect(await samples(metrics)).toContain('einklang_consumer_messages_total{consumer="einklang.stock"} 8');
    running.pop();
    expect(await samples(metrics)).toEqual([]);
  });

  it('come without head and lag while the log does not answer, and ask it once', async () => {
    jest.useFakeTimers();
    const metrics = new Metrics();
    let asked = 0;
    exportRunners(
      metrics,
      () => [stockView],
      () => {
        asked += 1;
        return new Promise(() => undefined);
      },
    );
    for (let scrape = 0; scrape < 3; scrape += 1) {
      const text = samples(metrics);
      await jest.advanceTimersByTimeAsync(1_000);
      expect((await text).map((line) => line.split('{')[0])).toEqual([
        'einklang_runner_position',
        'einklang_runner_parked',
        'einklang_runner_ready',
        'einklang_runner_failures',
        'einklang_runner_events_total',
      ]);
    }
    expect(asked).toBe(1);
  });
});

interface Door {
  isOpen: boolean;
}
type DoorCommand = 'open' | 'break' | 'leave' | 'kick';
const door: Decider<DoorCommand, { type: 'DoorOpened'; data: object }, Door> = {
  category: 'door',
  eventTypes: ['DoorOpened'],
  initialState: () => ({ isOpen: false }),
  evolve: () => ({ isOpen: true }),
  decide: (command, { isOpen }) => {
    if (command === 'break') throw new Error('a fault');
    if (command === 'leave') return [];
    return isOpen ? new Rejected('conflict', 'open-already', 'It is open.') : [{ type: 'DoorOpened', data: {} }];
  },
};

function doors(store: EventStore, options: CommandRunnerOptions = {}) {
  const runner = new CommandRunner(store, options);
  return {
    execute: (id: string, command: DoorCommand, metadata: EventMetadata) =>
      runner.execute({ on: door, id, command, metadata }),
    figures: () => runner.figures()[0],
  };
}

describe('the figures of a command runner', () => {
  it('count every command once, by what came of it', async () => {
    const store = new InMemoryEventStore();
    const [mine, theirs] = [doors(store, { maxWaitingPerStream: 1 }), doors(store)];
    await mine.execute('a', 'open', metadata('1'));
    await mine.execute('a', 'open', metadata('1'));
    await mine.execute('a', 'leave', metadata('2'));
    await mine.execute('a', 'open', metadata('3')).catch(() => {});
    await mine.execute('a', 'break', metadata('4')).catch(() => {});
    await mine.execute('b', 'leave', metadata('5'));
    await theirs.execute('b', 'open', metadata('6'));
    await mine.execute('b', 'open', metadata('7')).catch(() => {});
    const first = mine.execute('b', 'leave', metadata('8'));
    await expect(mine.execute('b', 'leave', metadata('9'))).rejects.toMatchObject({ name: 'Overloaded' });
    await first;
    expect(mine.figures()).toEqual({
      category: 'door',
      outcomes: { changed: 1, repeated: 1, unchanged: 3, rejected: 2, failed: 1, overloaded: 1 },
      conflicts: 1,
      waiting: 0,
      streams: 2,
    });
  });

  it('count what the store failed to take', async () => {
    const runner = doors(new FullStore());
    const commands = ['1', '2', '3'].map((id) => runner.execute('a', 'open', metadata(id)));
    expect((await Promise.allSettled(commands)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    expect(runner.figures()).toMatchObject({ outcomes: { changed: 0, rejected: 0, failed: 3 }, waiting: 0 });
  });
});

class FullStore extends InMemoryEventStore {
  override append(): Promise<never> {
    return Promise.reject(new Error('no room'));
  }
}

const metadata = (commandId: string): EventMetadata => ({
  commandId,
  correlationId: commandId,
  actor: 'spec',
  occurredAt: '2026-01-01T00:00:00.000Z',
});
