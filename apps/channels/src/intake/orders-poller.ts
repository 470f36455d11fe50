import type { Log } from '#read-models';
import type { ChannelConnector } from '../connectors/connector.js';
import type { IntakeInbox } from './intake-inbox.js';
import type { IntakeTable } from './intake-table.js';

/** Fetches what webhooks lost: every order a channel has since the stored watermark. */
export class OrdersPoller {
  constructor(
    private readonly table: IntakeTable,
    private readonly inbox: IntakeInbox,
    private readonly log: Log,
  ) {}

  /** Reads to the end of the channel's orders, one page after the other. Answers how many sales were new. */
  async poll(channel: string, connector: ChannelConnector, signal: AbortSignal): Promise<number> {
    let after = await this.table.watermark(channel);
    let found = 0;
    for (let more = true; more && !signal.aborted; ) {
      const page = await connector.pullOrders(after, signal);
      if (page.unreadable > 0)
        this.log.warn({ channel, unreadable: page.unreadable }, 'pulled orders could not be read');
      if (page.next !== after) found += await this.inbox.takePulled(channel, page.sales, page.next);
      // A channel that promises more without moving on would keep us here for ever.
      more = page.more && page.next !== after;
      after = page.next;
    }
    return found;
  }
}
