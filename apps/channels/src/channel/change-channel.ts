import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { ChannelEvent } from '#contracts';
import { CommandRunner, type EventMetadata, type Outcome } from '#event-sourcing';
import type { ChannelCommand } from './channel.decide.js';
import { channelDecider } from './channel.decider.js';

/** Port: what this process knows of channels. */
export interface KnownChannels {
  /** Resolves when it knows of every change up to a position. */
  waitFor(position: number): Promise<void>;
}

/** One decision on one channel. The directory of this process knows of it when this has answered. */
export class ChangeChannel extends Command<Outcome<ChannelEvent>> {
  constructor(
    readonly channel: string,
    readonly command: ChannelCommand,
    readonly metadata: EventMetadata,
  ) {
    super();
  }
}

@CommandHandler(ChangeChannel)
export class ChangeChannelHandler implements ICommandHandler<ChangeChannel> {
  constructor(
    private readonly commands: CommandRunner,
    private readonly known: KnownChannels,
  ) {}

  async execute({ channel, command, metadata }: ChangeChannel): Promise<Outcome<ChannelEvent>> {
    const outcome = await this.commands.execute({ on: channelDecider, id: channel, command, metadata });
    await this.known.waitFor(outcome.position);
    return outcome;
  }
}
