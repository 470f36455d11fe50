import { CommandRunner, type EventMetadata } from '#event-sourcing';
import { type ChannelPolicyCommand, channelPolicyDecider } from './channel-policy.js';
import { type CloseLocation, locationDecider, type OpenLocation } from './location.js';
import { SupplyDirectory } from './supply-directory.js';

/** Changes locations and channel policies; decisions on stock know of it when this has answered. */
export class ChangeSupply {
  constructor(
    private readonly commands: CommandRunner,
    private readonly directory: SupplyDirectory,
  ) {}

  async openLocation(command: OpenLocation, metadata: EventMetadata): Promise<SupplyChange> {
    return this.known(await this.commands.execute({ on: locationDecider, id: command.locationId, command, metadata }));
  }

  /** The location must be empty: see `LocationContents`. */
  async closeLocation(command: CloseLocation, metadata: EventMetadata): Promise<SupplyChange> {
    return this.known(await this.commands.execute({ on: locationDecider, id: command.locationId, command, metadata }));
  }

  async setPolicy(command: ChannelPolicyCommand, metadata: EventMetadata): Promise<SupplyChange> {
    if (command.type === 'SetSupplyMap')
      for (const locationId of command.locationIds) this.directory.requireLocation(locationId);
    return this.known(
      await this.commands.execute({ on: channelPolicyDecider, id: command.channel, command, metadata }),
    );
  }

  private async known({ revision, position }: SupplyChange): Promise<SupplyChange> {
    await this.directory.waitFor(position);
    return { revision, position };
  }
}

/** Revision of the location or of the channel's policy after a change, and the position a view shows it at. */
interface SupplyChange {
  readonly revision: number;
  readonly position: number;
}
