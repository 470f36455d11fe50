export * from './clock.js';
export * from './currencies.js';
export * from './ids.js';
export * from './instants.js';
export * from './money.js';
export * from './quantity.js';
export * from './rejected.js';
export * from './text.js';
