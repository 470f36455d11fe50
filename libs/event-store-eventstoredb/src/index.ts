export { EventStoreDbStore, type EventStoreDbStoreOptions } from './eventstoredb-store.js';
export { copied, type Original, originalOf } from './stored-event.js';
