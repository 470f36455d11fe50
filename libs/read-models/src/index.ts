export { type AnalystView, analystsSee } from './analyst-view.js';
export { grantAnalysts } from './analysts.js';
export { type Checkpoint, lockCheckpoint, readCheckpoint, replaceCheckpoint } from './checkpoints.js';
export {
  type Column,
  type Columns,
  column,
  columnNameOf,
  meaningOf,
  orNull,
  selectFields,
  type ValuesOf,
} from './columns.js';
export {
  compareProjection,
  type ProjectionComparison,
  type RowDifference,
  type TableComparison,
} from './compare-projection.js';
export { DatabaseError, isRefusedValue, storableText } from './database-error.js';
export { DatabaseLocks } from './database-locks.js';
export { FailingItems, FailureLog, Retries, type RetryTiming, reasonOf } from './failures.js';
export { PostgresIdempotencyStore } from './idempotency-store.js';
export type { TableChange, TableHistory } from './migrations.js';
export { isOutage, Outages } from './outages.js';
export { type ParkedEvent, parkedCounts, parkedEvents, skipParked, unpark } from './parked.js';
export { ProcessTimer } from './processes/process-timer.js';
export {
  Processes,
  type ProcessesCursor,
  type ProcessFilter,
  type ProcessHistoryEntry,
  type ProcessSummary,
} from './processes/processes.js';
export {
  type ProcessInstanceState,
  processesProjection,
  rowAfter as processRowAfter,
} from './processes/processes.projection.js';
export { checkpointKeyOf, createProjection, type Projection, schemaOf } from './projection.js';
export { ProjectionRunner, type ProjectionRunnerOptions } from './projection-runner.js';
export { pageBytesOf, type Reaction, ReactionRunner, type ReactionRunnerOptions } from './reaction-runner.js';
export {
  type Log,
  openReadModels,
  type ReadModels,
  type ReadModelsOptions,
  type Tx,
} from './read-models.js';
export { type RebuildProgress, type RebuildResult, rebuild } from './rebuild.js';
export { NotCaughtUp, type RunnerState, type RunnerStatus } from './runner.js';
export { type BackgroundWork, READ_MODELS, Runners, type RunnersOptions } from './runners.js';
export { type SupervisedWork, superviseLoop, waitForView } from './supervise-loop.js';
export { widenedToBigint } from './tables.js';
export { defineTable, type RowOf, ViewTable } from './view-table.js';
