import { Controller, Get, Post } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Executes, Input, type InputOf } from '#platform';
import { lookUpProfile, profileById } from './views/profiles/profiles.slices.js';

/** Who buys, over all channels. */
@Controller('v1/profiles')
export class ProfilesController {
  constructor(private readonly queries: QueryBus) {}

  @Get(':profileId')
  @Executes(profileById)
  profileById(@Input() input: InputOf<typeof profileById>) {
    return this.queries.execute(profileById(input));
  }

  @Post('lookup')
  @Executes(lookUpProfile)
  lookUpProfile(@Input() input: InputOf<typeof lookUpProfile>) {
    return this.queries.execute(lookUpProfile(input));
  }
}
