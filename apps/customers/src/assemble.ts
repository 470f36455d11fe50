import type { Core } from '#platform';
import type { Projection } from '#read-models';
import { customers } from './customers.slices.js';
import { identityDecider } from './identity/identity.decider.js';
import { WhenSaleIsRecordedFindOrMakeProfile } from './processes/when-sale-is-recorded-find-or-make-profile/when-sale-is-recorded-find-or-make-profile.js';
import { profileDecider } from './profile/profile.decider.js';
import { identityDisputes } from './views/profiles/identity-disputes.js';
import { profilesProjection } from './views/profiles/profiles.projection.js';
import { ProfilesQuery } from './views/profiles/profiles.query.js';

/** The views of the service, for commands that rebuild or verify them. */
export const customersProjections: readonly Projection[] = [profilesProjection];

export type Customers = ReturnType<typeof assembleCustomers>;

/** Puts the service together. Its commands come from its process; no caller sends any. */
export function assembleCustomers({ store, readModels, runners, commands, exceptions, slices, hasher }: Core) {
  // Views
  for (const projection of customersProjections) runners.addProjection(projection);

  // Processes
  commands.expects([identityDecider, profileDecider]);
  runners.addReaction(new WhenSaleIsRecordedFindOrMakeProfile(commands, store));

  // Exceptions
  exceptions.add(identityDisputes);

  // Slices
  customers.serve(slices, { commands, profilesQuery: new ProfilesQuery(readModels), hasher });

  return {};
}
