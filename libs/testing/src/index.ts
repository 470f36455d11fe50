export * from './event-store-contract.js';
export * from './eventstoredb-double/index.js';
export * from './given-when-then.js';
export * from './in-memory-event-store.js';
export * from './kafka/index.js';
export * from './one-stream-event-store.js';
export * from './test-database.js';
export * from './typescript-process.js';
