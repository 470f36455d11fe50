import { CommandRunner, type EventMetadata, type EventStore } from '#event-sourcing';
import type { Clock } from '#kernel';
import { type ChannelPolicyCommand, channelPolicyDecider } from './channel-policy.js';
import { type CloseLocation, locationDecider, type OpenLocation } from './location.js';
import { SupplyDirectory } from './supply-directory.js';

/** Changes locations and channel policies; decisions on stock know of it when this has answered. */
export class ChangeSupply {
  private readonly locations;
  private readonly policies;

  constructor(
    store: EventStore,
    clock: Clock,
    private readonly directory: SupplyDirectory,
  ) {
    this.locations = new CommandRunner(locationDecider, store, { clock });
    this.policies = new CommandRunner(channelPolicyDecider, store, { clock });
  }

  async openLocation(command: OpenLocation, metadata: EventMetadata): Promise<{ position: number }> {
    return this.known(await this.locations.execute(command.locationId, command, metadata));
  }

  /** The location must be empty: see `LocationContents`. */
  async closeLocation(command: CloseLocation, metadata: EventMetadata): Promise<{ position: number }> {
    return this.known(await this.locations.execute(command.locationId, command, metadata));
  }

  async setPolicy(command: ChannelPolicyCommand, metadata: EventMetadata): Promise<{ position: number }> {
    if (command.type === 'SetSupplyMap')
      for (const locationId of command.locationIds) this.directory.requireLocation(locationId);
    return this.known(await this.policies.execute(command.channel, command, metadata));
  }

  private async known({ position }: { position: number }): Promise<{ position: number }> {
    await this.directory.waitFor(position);
    return { position };
  }
}
