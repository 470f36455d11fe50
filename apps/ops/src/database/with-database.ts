import type { ReadModels } from '#read-models';

/** The database of a service or of the data directory. */
export interface OpenedDatabase {
  /** `postgresql://…`, password included. */
  readonly url: string;
  readonly readModels: ReadModels;
  close(): Promise<void>;
}

/** Opens it: the one at DATABASE_URL, else that of the data directory. */
export type OpenDatabase = () => Promise<OpenedDatabase>;

/** Opens the database for one piece of work and closes it afterwards, whatever happens. */
export async function withDatabase<Result>(
  open: OpenDatabase,
  work: (db: ReadModels) => Promise<Result>,
): Promise<Result> {
  const database = await open();
  try {
    return await work(database.readModels);
  } finally {
    await database.close();
  }
}

/** Whether a table was made in this database, such as `messaging.parked`. */
export async function hasTable(db: ReadModels, name: string): Promise<boolean> {
  const [found] = await db.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [name]);
  return found?.exists ?? false;
}
