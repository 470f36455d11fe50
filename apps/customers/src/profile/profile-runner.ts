import { Inject, Injectable } from '@nestjs/common';
import type { ProfileEvent } from '#contracts';
import { CLOCK, CommandRunner, EVENT_STORE, type EventStore } from '#event-sourcing';
import type { Clock } from '#kernel';
import type { AttributeOrder } from './profile.decide.js';
import { profileDecider } from './profile.decider.js';
import type { Profile } from './profile.js';

/** Runs the commands of profiles. */
@Injectable()
export class ProfileRunner extends CommandRunner<AttributeOrder, ProfileEvent, Profile> {
  constructor(@Inject(EVENT_STORE) store: EventStore, @Inject(CLOCK) clock: Clock) {
    super(profileDecider, store, { clock, rememberedCommands: 64 });
  }
}
