export * from './because-of.js';
export * from './command-runner.js';
export * from './decider.js';
export * from './event-registry.js';
export * from './event-store.js';
export * from './outcome.js';
export * from './overloaded.js';
export * from './tokens.js';
