import type { IncomingHttpHeaders } from 'node:http';
import type { ChannelMetrics } from '../channel-metrics.js';
import type { ConnectorRegistry } from '../connectors/connector-registry.js';
import type { ChannelDirectory } from '../views/channels/channel-directory.js';
import type { IntakeInbox } from './intake-inbox.js';

export const webhookStatuses = ['stored', 'repeated', 'unsupported', 'unreadable'] as const;
export type WebhookStatus = (typeof webhookStatuses)[number];

/** Takes what channels send by themselves. */
export class Webhooks {
  constructor(
    private readonly directory: ChannelDirectory,
    private readonly connectors: ConnectorRegistry,
    private readonly inbox: IntakeInbox,
    private readonly metrics: ChannelMetrics,
  ) {}

  /** Resolves once the message is stored; undefined for one that the channel did not sign. Throws `Rejected('unknown-channel')`. */
  async receive(channel: string, body: Buffer, headers: IncomingHttpHeaders): Promise<WebhookStatus | undefined> {
    const connector = this.connectors.of(this.directory.get(channel).settings);
    const raw = connector.verify(body, headers);
    if (!raw) {
      this.metrics.webhook(channel, 'bad-signature');
      return undefined;
    }
    const reading = connector.read(raw);
    const isNew = await this.inbox.take(channel, { raw, reading });
    const status = reading.kind === 'unsupported' ? 'unsupported' : isNew ? STORED_AS[reading.kind] : 'repeated';
    this.metrics.webhook(channel, status);
    return status;
  }
}

const STORED_AS = { sales: 'stored', unreadable: 'unreadable' } as const;
