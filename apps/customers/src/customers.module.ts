import { Module } from '@nestjs/common';
import { CONFIG, type Config, Exceptions, PersonalDataHasher } from '#platform';
import { type Projection, Runners } from '#read-models';
import { WhenSaleIsRecordedFindOrMakeProfile } from './processes/when-sale-is-recorded-find-or-make-profile/when-sale-is-recorded-find-or-make-profile.js';
import { identityDisputes } from './views/profiles/identity-disputes.js';
import { ProfilesController } from './views/profiles/profiles.http.js';
import { profilesProjection } from './views/profiles/profiles.projection.js';
import { ProfilesQuery } from './views/profiles/profiles.query.js';

/** Who buys, over all channels, known by keyed hashes only. Its commands come from its process; nobody else sends any. */
@Module({
  controllers: [
    // Views
    ProfilesController,
  ],
  providers: [
    // Views
    ProfilesQuery,
    // Processes
    WhenSaleIsRecordedFindOrMakeProfile,
    // Wiring
    {
      provide: PersonalDataHasher,
      inject: [CONFIG],
      useFactory: ({ hashKey }: Config) => new PersonalDataHasher(hashKey),
    },
  ],
})
export class CustomersModule {
  constructor(runners: Runners, findOrMakeProfile: WhenSaleIsRecordedFindOrMakeProfile, exceptions: Exceptions) {
    exceptions.add(identityDisputes);
    for (const projection of customersProjections) runners.addProjection(projection);
    runners.addReaction(findOrMakeProfile);
  }
}

/** The views of the service, for commands that rebuild or verify them. */
export const customersProjections: readonly Projection[] = [profilesProjection];
