/**
 * - `changed`: it stored events
 * - `repeated`: a command of its id was answered before
 * - `unchanged`: there was nothing to do
 * - `rejected`: the decider refused it
 * - `failed`: the store or the decider had a fault
 * - `overloaded`: too much waited already
 */
export type CommandOutcome = (typeof COMMAND_OUTCOMES)[number];

export const COMMAND_OUTCOMES = ['changed', 'repeated', 'unchanged', 'rejected', 'failed', 'overloaded'] as const;

/** What became of the commands for one decider, counted as it happens. */
export class CommandCounts {
  /** Commands that wait or are being stored; one over several deciders counts with its first. */
  waiting = 0;
  conflicts = 0;
  readonly outcomes: Record<CommandOutcome, number> = {
    changed: 0,
    repeated: 0,
    unchanged: 0,
    rejected: 0,
    failed: 0,
    overloaded: 0,
  };
}

/** What a command runner has done since it was made, and what it holds. Plain numbers, for metrics. */
export interface CommandFigures {
  readonly category: string;
  readonly outcomes: Readonly<Record<CommandOutcome, number>>;
  /** Appends that found another writer's events; their commands were decided afresh. */
  readonly conflicts: number;
  /** Commands that wait or are being stored. */
  readonly waiting: number;
  /** Streams in memory. */
  readonly streams: number;
}
