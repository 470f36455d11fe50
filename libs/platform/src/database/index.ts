export {
  DATABASE_STOP_MS,
  type Database,
  type DatabaseOptions,
  openDatabase,
  startDatabaseAhead,
  stopDatabaseLeft,
} from './open-database.js';
