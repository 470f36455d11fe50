export * from './clock.js';
export * from './ids.js';
export * from './money.js';
export * from './quantity.js';
export * from './rejected.js';
