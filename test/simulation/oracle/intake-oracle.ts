import type { DatabaseServer } from '../database/server.js';
import type { Shop } from '../shops/shop.js';
import type { Webhook } from '../shops/webhooks.js';
import { must } from './violation.js';

/** What is known of the durable inbox of webhooks. */
export class IntakeOracle {
  /** Messages that no version of ours understands and that the system said it has. */
  readonly #riddles = new Set<string>();

  constructor(
    private readonly database: DatabaseServer,
    private readonly shops: ReadonlyMap<string, Shop>,
  ) {}

  /** The system told a shop that it has a message. */
  accepted({ channel, headers, isRiddle }: Webhook): void {
    if (this.database.isInTransaction) return;
    const messageId = headers['x-simulated-message-id'] ?? '';
    const rows = this.#rows(`channel = '${channel}' and message_id = '${messageId}'`);
    must(
      rows.length === 1,
      'a message is stored once before it is accepted',
      () => `${messageId} of ${channel}: ${rows.length} rows`,
    );
    if (isRiddle) this.#riddles.add(`${channel} ${messageId}`);
  }

  /** A sale that is not recorded yet, or was given up. What is not understood is not waited for. */
  open(): string | undefined {
    const [sale] = this.database.ask(
      `select channel, external_order_id as "order", external_revision as revision, state, attempts, error
         from channels.intake where state <> 'done' and sealed is null limit 1`,
    ) as object[];
    return sale && `a sale waits in the intake: ${JSON.stringify(sale)}`;
  }

  /** At rest: what was not understood is there, whole, and shown. */
  checkAtRest(): void {
    const kept = this.#rows(`state = 'parked' and sealed is not null`);
    const webhooks = new Set(
      kept.filter(({ via }) => via === 'webhook').map((row) => `${row.channel} ${row.message_id}`),
    );
    for (const riddle of this.#riddles)
      must(webhooks.has(riddle), 'what is not understood is kept whole', () => riddle);
    for (const { channel, riddles } of this.shops.values()) {
      const pulled = this.pulledRiddles(channel);
      must(
        pulled <= riddles.length,
        'what is not understood is kept whole',
        () => `${pulled} of ${riddles.length} on the lists of ${channel}`,
      );
    }
  }

  /** How much of what is not understood was found by a pull. */
  pulledRiddles(channel: string): number {
    return this.#rows(`state = 'parked' and sealed is not null and channel = '${channel}' and via = 'poll'`).length;
  }

  #rows(condition: string): Row[] {
    return this.database.ask(`select channel, message_id, via from channels.intake where ${condition}`) as Row[];
  }
}

interface Row {
  readonly channel: string;
  readonly message_id: string;
  readonly via: string | null;
}
