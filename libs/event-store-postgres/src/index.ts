export { CommitLog, type CommittedEvents, type CommitWriter } from './log-copy.js';
export { PostgresEventStore, type PostgresEventStoreOptions } from './postgres-event-store.js';
