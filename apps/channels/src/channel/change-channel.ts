import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { ChannelEvent } from '#contracts';
import type { CommandRunner, EventMetadata, Outcome } from '#event-sourcing';
import { ChannelDirectory } from '../views/channels/channel-directory.js';
import type { ChannelCommand } from './channel.decide.js';
import type { ChannelState } from './channel.js';

/** Token of the one runner of channel commands. */
export const CHANNEL_RUNNER = 'CHANNEL_RUNNER';
export type ChannelRunner = CommandRunner<ChannelCommand, ChannelEvent, ChannelState>;

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
    @Inject(CHANNEL_RUNNER) private readonly runner: ChannelRunner,
    private readonly directory: ChannelDirectory,
  ) {}

  async execute({ channel, command, metadata }: ChangeChannel): Promise<Outcome<ChannelEvent>> {
    const outcome = await this.runner.execute(channel, command, metadata);
    await this.directory.waitFor(outcome.position);
    return outcome;
  }
}
