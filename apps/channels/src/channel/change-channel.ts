import type { ChannelEvent } from '#contracts';
import type { CommandRunner, EventMetadata, Outcome } from '#event-sourcing';
import type { ChannelCommand } from './channel.decide.js';
import { channelDecider } from './channel.decider.js';

/** Port: what this process knows of channels. */
export interface KnownChannels {
  /** Resolves when it knows of every change up to a position. */
  waitFor(position: number): Promise<void>;
}

/** Decides on one channel. The directory of this process knows of it when this has answered. */
export class ChangeChannel {
  constructor(
    private readonly commands: CommandRunner,
    private readonly known: KnownChannels,
  ) {}

  async execute(channel: string, command: ChannelCommand, metadata: EventMetadata): Promise<Outcome<ChannelEvent>> {
    const outcome = await this.commands.execute({ on: channelDecider, id: channel, command, metadata });
    await this.known.waitFor(outcome.position);
    return outcome;
  }
}
