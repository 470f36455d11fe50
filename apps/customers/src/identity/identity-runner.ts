import { Inject, Injectable } from '@nestjs/common';
import type { IdentityEvent } from '#contracts';
import { CLOCK, CommandRunner, EVENT_STORE, type EventStore } from '#event-sourcing';
import type { Clock } from '#kernel';
import type { IdentityCommand } from './identity.decide.js';
import { identityDecider } from './identity.decider.js';
import type { IdentityState } from './identity.js';

/** Runs the commands of identities. Few are kept in memory: most are claimed once and only read afterwards. */
@Injectable()
export class IdentityRunner extends CommandRunner<IdentityCommand, IdentityEvent, IdentityState> {
  constructor(@Inject(EVENT_STORE) store: EventStore, @Inject(CLOCK) clock: Clock) {
    super(identityDecider, store, { clock, rememberedCommands: 64 });
  }
}
