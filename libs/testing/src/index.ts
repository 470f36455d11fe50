export * from './in-memory-event-store.js';
export * from './test-database.js';
export * from './given-when-then.js';
