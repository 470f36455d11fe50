import type { ChannelConnector } from '../connectors/connector.js';
import type { IntakeInbox } from './intake-inbox.js';
import type { IntakeTable } from './intake-table.js';

/** Fetches what webhooks lost: every order a channel has since the stored watermark. */
export class OrdersPoller {
  constructor(
    private readonly table: IntakeTable,
    private readonly inbox: IntakeInbox,
  ) {}

  /** Reads to the end of the channel's orders, one page after the other. Answers how many messages there were and how many sales were new. */
  async poll(channel: string, connector: ChannelConnector, signal: AbortSignal): Promise<PollResult> {
    let after = await this.table.watermark(channel);
    let [read, stored] = [0, 0];
    for (let more = true; more && !signal.aborted; ) {
      const page = await connector.pullOrders(after, signal);
      const messages = page.messages.map((raw) => ({ raw, reading: connector.read(raw) }));
      read += messages.length;
      if (page.next !== after) stored += await this.inbox.takePulled(channel, messages, page.next);
      // A channel that promises more without moving on would keep us here without end.
      more = page.more && page.next !== after;
      after = page.next;
    }
    return { read, stored };
  }
}

export interface PollResult {
  readonly read: number;
  readonly stored: number;
}
