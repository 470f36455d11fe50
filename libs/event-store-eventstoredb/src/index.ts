export { EventStoreDbStore, type EventStoreDbStoreOptions } from './eventstoredb-store.js';
