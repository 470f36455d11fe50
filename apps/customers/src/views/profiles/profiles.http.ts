import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Rejected } from '#kernel';
import { channelIdSchema, PersonalDataHasher, Problems, uuid } from '#platform';
import type { Identity } from '../../identity/identity.js';
import { ProfilesQuery } from './profiles.query.js';

const order = z.object({ orderId: z.string(), placedAt: z.string() });
const profile = z
  .object({
    profileId: z.string(),
    createdAt: z.string(),
    orders: z.int(),
    firstOrder: order.optional(),
    lastOrder: order.optional(),
    channels: z.array(z.object({ channel: z.string(), orders: z.int() })),
    identities: z
      .array(z.object({ kind: z.string(), channel: z.string(), linkedAt: z.string() }))
      .meta({ description: 'What the person is known by, up to 100; never the data itself' }),
    disputedWith: z.array(z.string()).meta({ description: 'Profiles that may be of the same person, up to 100' }),
  })
  .meta({ id: 'Profile' });

const person = z
  .union(
    [
      z.strictObject({ email: z.string().min(3).max(254) }),
      z.strictObject({ phone: z.string().min(3).max(32) }),
      z.strictObject({ channel: channelIdSchema, channelCustomerId: z.string().min(1).max(128) }),
    ],
    'Send one of: email; phone; channel with channelCustomerId.',
  )
  .meta({ id: 'ProfileLookup' });
type Person = z.output<typeof person>;

@ApiTags('customers')
@Controller('v1/profiles')
export class ProfilesController {
  constructor(
    private readonly query: ProfilesQuery,
    private readonly hasher: PersonalDataHasher,
  ) {}

  @Get(':profileId')
  @ApiOperation({ summary: 'A person over all channels' })
  @ApiOkResponse({ standardSchema: profile })
  @Problems({ 'not-found': ['unknown-profile'] })
  profile(@Param('profileId', { schema: uuid }) profileId: string) {
    return this.query.profile(profileId);
  }

  /** A POST, so that nothing personal stands in an address or a log. */
  @Post('lookup')
  @HttpCode(200)
  @ApiOperation({
    summary: 'The profile of a person known by an e-mail address, a phone number or an account on a channel',
  })
  @ApiOkResponse({ standardSchema: profile })
  @Problems({ 'not-found': ['unknown-profile'], invalid: ['identifies-nobody'] })
  lookUp(@Body({ schema: person }) body: Person) {
    return this.query.profileKnownBy(this.identityOf(body));
  }

  private identityOf(body: Person): Identity {
    const [kind, hash] =
      'email' in body
        ? (['email', this.hasher.hashEmail(body.email)] as const)
        : 'phone' in body
          ? (['phone', this.hasher.hashPhone(body.phone)] as const)
          : (['channel-customer', this.hasher.hashChannelCustomer(body.channel, body.channelCustomerId)] as const);
    if (hash === undefined)
      throw new Rejected('invalid', 'identifies-nobody', `This is no ${kind} that could identify a person.`);
    return { kind, hash };
  }
}
