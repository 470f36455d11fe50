import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { ChannelEvent } from '#contracts';
import { CommandRunner, type EventMetadata, type Outcome } from '#event-sourcing';
import { ChannelDirectory } from '../views/channels/channel-directory.js';
import type { ChannelCommand } from './channel.decide.js';
import { channelDecider } from './channel.decider.js';

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
    private readonly directory: ChannelDirectory,
  ) {}

  async execute({ channel, command, metadata }: ChangeChannel): Promise<Outcome<ChannelEvent>> {
    const outcome = await this.commands.execute({ on: channelDecider, id: channel, command, metadata });
    await this.directory.waitFor(outcome.position);
    return outcome;
  }
}
