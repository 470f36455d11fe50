import { CommitLog } from '#event-store-postgres';
import type { ReadModels } from '#read-models';
import { openServiceDatabase } from '../database/open-database.js';
import { hasTable } from '../database/with-database.js';
import type { SourceLog } from './source-log.js';

export interface OpenSourceOptions {
  readonly dataDir: string;
  /** An own server instead of the embedded one of the data directory. */
  readonly databaseUrl?: string;
  /** What a system that starts meanwhile gets to know. */
  readonly holder: string;
  readonly log: (message: string) => void;
}

/** The log of a standalone installation, whether the system runs on it or not. */
export async function openSource({ holder, ...options }: OpenSourceOptions): Promise<SourceLog> {
  const database = await openServiceDatabase(options);
  try {
    const { url, readModels } = database;
    const log = await CommitLog.open(url);
    return {
      head: () => log.head(),
      after: (position) => log.after(position),
      fence: async () => {
        const writer = await log.openWriter(holder);
        return { release: () => writer.close() };
      },
      unfinished: () => unfinishedIn(readModels),
      close: async () => {
        await log.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Messages of channels are acknowledged when they are in this table, and become events a moment later. */
async function unfinishedIn(db: ReadModels): Promise<string[]> {
  if (!(await hasTable(db, 'channels.intake'))) return [];
  const rows = await db.query<{ channel: string; state: string; sales: number }>(
    `select channel, state, count(*) as sales from channels.intake where state <> 'done' group by channel, state
     order by channel, state`,
  );
  return rows.map(({ channel, state, sales }) => `Sales of ${channel} that are acknowledged and ${state}: ${sales}.`);
}
