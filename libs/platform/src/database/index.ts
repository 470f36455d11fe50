export { type Database, type DatabaseOptions, openDatabase, startDatabaseAhead } from './open-database.js';
