import type { ChannelConnector } from '../connectors/connector.js';
import type { IntakeInbox } from './intake-inbox.js';
import type { IntakeTable } from './intake-table.js';

/** Fetches what webhooks lost: every order a channel has since the stored watermark. */
export class OrdersPoller {
  constructor(
    private readonly table: IntakeTable,
    private readonly inbox: IntakeInbox,
  ) {}

  /** Reads to the end of the channel's orders, one page after the other. Answers how many sales were new. */
  async poll(channel: string, connector: ChannelConnector, signal: AbortSignal): Promise<number> {
    let after = await this.table.watermark(channel);
    let found = 0;
    for (let more = true; more && !signal.aborted; ) {
      const page = await connector.pullOrders(after, signal);
      const messages = page.messages.map((raw) => ({ raw, reading: connector.read(raw) }));
      if (page.next !== after) found += await this.inbox.takePulled(channel, messages, page.next);
      // A channel that promises more without moving on would keep us here without end.
      more = page.more && page.next !== after;
      after = page.next;
    }
    return found;
  }
}
