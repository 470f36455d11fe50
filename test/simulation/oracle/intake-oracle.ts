import type { DatabaseServer } from '../database/server.js';
import { must } from './violation.js';

/** What is known of the durable inbox of webhooks. */
export class IntakeOracle {
  constructor(private readonly database: DatabaseServer) {}

  /** The system told a shop that it has a message. */
  accepted(channel: string, messageId: string): void {
    if (this.database.isInTransaction) return;
    const rows = this.database.ask(
      `select id from channels.intake where channel = '${channel}' and message_id = '${messageId}'`,
    ) as unknown[];
    must(
      rows.length === 1,
      'a message is stored once before it is accepted',
      () => `${messageId} of ${channel}: ${rows.length} rows`,
    );
  }

  /** Sales that are not recorded yet, or were given up. */
  open(): number {
    return (this.database.ask(`select id from channels.intake where state <> 'done'`) as unknown[]).length;
  }
}
