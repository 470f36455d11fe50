export { Executes, Input } from './executes.decorator.js';
export { messagesOf, takeExpectedRevision } from './read-request.js';
export { ServiceSlices, type SliceParts } from './service-slices.js';
export type { InputOf, Slice } from './slice.js';
export { SliceCommandHandler, SliceQueryHandler } from './slice-handlers.js';
export { Slices } from './slices.js';
