// What a program uses before it loads everything else (`#platform/ahead`), so it may import nothing large.

export { type Config, loadConfig } from './config.js';
export { startDatabaseAhead } from './database/index.js';
export { keepSignals, type ProcessEnd } from './process-end.js';
export { runMain } from './run-main.js';
