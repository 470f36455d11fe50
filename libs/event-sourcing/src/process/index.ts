export * from './define-process.js';
export * from './process.decider.js';
export * from './process-driver.js';
export * from './process-events.js';
