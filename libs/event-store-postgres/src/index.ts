export { EventStoreUnavailable } from './connection.js';
export { PostgresEventStore, type PostgresEventStoreOptions } from './postgres-event-store.js';
