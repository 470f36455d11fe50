import { type EventMetadata } from '#event-sourcing';
import { type Clock, idFrom, Rejected } from '#kernel';
import { Shutdown } from '#platform';
import type { ChangeChannel } from '../channel/change-channel.js';
import { ChannelUnreachable } from '../connectors/connector.js';
import { ConnectorRegistry } from '../connectors/connector-registry.js';
import { ChannelSales } from '../intake/channel-sales.js';
import { type ChannelsOptions } from '../options.js';
import { PushLedger } from '../push/push-ledger.js';
import { Pushers } from '../push/pushers.js';
import { ChannelDirectory } from '../views/channels/channel-directory.js';
import { type Comparison, compareWithChannel, type Difference } from './drift-check.js';

/** Finds and mends differences between channels and the push ledger. */
export class DriftChecks {
  constructor(
    private readonly directory: ChannelDirectory,
    private readonly connectors: ConnectorRegistry,
    private readonly ledger: PushLedger,
    private readonly pushers: Pushers,
    private readonly sales: ChannelSales,
    private readonly changes: ChangeChannel,
    private readonly shutdown: Shutdown,
    private readonly clock: Clock,
    private readonly options: ChannelsOptions,
  ) {}

  /** What a channel shows and should not; changes nothing. Throws `Rejected` when the channel cannot be read. */
  async differences(channel: string): Promise<Comparison> {
    const connector = this.connectors.of(this.directory.get(channel).settings);
    if (!connector.capabilities.readsStock) {
      throw new Rejected('invalid', 'stock-not-readable', `The connector of ${channel} cannot read numbers back.`);
    }
    const { clock, shutdown } = this;
    try {
      return await compareWithChannel(channel, connector, this.ledger, {
        clock,
        secondLookMs: this.options.driftSecondLookMs,
        signal: shutdown.signal,
        beforeLook: async () => {
          if (await this.sales.readUp(channel, connector, shutdown.signal)) return;
          throw new Rejected(
            'unavailable',
            'sales-not-read',
            `What ${channel} sold is not booked yet, so its numbers cannot be compared. Try again later.`,
          );
        },
      });
    } catch (error) {
      if (error instanceof ChannelUnreachable)
        throw new Rejected('unavailable', 'channel-unreachable', `${error.message} Try again later.`);
      throw error;
    }
  }

  /** Records every difference on the channel's stream and wants the right number pushed again. */
  async check(channel: string, metadata: EventMetadata): Promise<Comparison> {
    const comparison = await this.differences(channel);
    for (let start = 0; start < comparison.differences.length; start += DRIFTS_PER_COMMAND) {
      const part = comparison.differences.slice(start, start + DRIFTS_PER_COMMAND);
      await this.#mend(channel, part, { ...metadata, commandId: idFrom(`${metadata.commandId}/${start}`) });
    }
    return comparison;
  }

  async #mend(channel: string, differences: readonly Difference[], metadata: EventMetadata): Promise<void> {
    const found = differences.map(({ sku, externalId, shown, acknowledged }) => ({
      channel,
      sku,
      externalId,
      shown,
      acknowledged,
    }));
    await this.changes.execute(channel, { type: 'RecordDrift', found }, metadata);
    this.pushers.want(await this.ledger.wantAgain(channel, differences, this.clock.now()));
  }
}

const DRIFTS_PER_COMMAND = 200;
