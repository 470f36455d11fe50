import { CommitLog, type CommittedEvents, type CommitWriter } from '#event-store-postgres';
import type { TargetEvent, TargetLog } from './target-log.js';

/** A log on another PostgreSQL: the same commits at the same positions. No other process may write to it meanwhile. */
export class PostgresTarget implements TargetLog {
  private constructor(
    private readonly log: CommitLog,
    private readonly writer: CommitWriter,
  ) {}

  /** Throws WriterFenced when a system runs on it. */
  static async open(url: string, holder: string): Promise<PostgresTarget> {
    const log = await CommitLog.open(url);
    try {
      return new PostgresTarget(log, await log.openWriter(holder));
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  async last(): Promise<TargetEvent | undefined> {
    for await (const commit of this.log.after(this.writer.head - 1)) {
      const event = commit.at(-1);
      return event && { isCopy: true, event };
    }
    return undefined;
  }

  store(commit: CommittedEvents): Promise<void> {
    return this.writer.append(commit);
  }

  async *events(): AsyncGenerator<TargetEvent> {
    for await (const commit of this.log.after(0)) yield* commit.map((event) => ({ isCopy: true, event }));
  }

  async close(): Promise<void> {
    await this.writer.close();
    await this.log.close();
  }
}
