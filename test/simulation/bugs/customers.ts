import { WhenSaleIsRecordedFindOrMakeProfile } from '../../../apps/customers/src/processes/when-sale-is-recorded-find-or-make-profile/when-sale-is-recorded-find-or-make-profile.js';
import { attributeOrder } from '../../../apps/customers/src/profile/profile.decide.js';
import { inFunction, inMethod, type PlantedBug } from '../kit/planting.js';

/** In who is taken for whom. */
export const customerBugs: readonly PlantedBug[] = [
  {
    name: 'only-first-sale-of-a-page-finds-its-buyer',
    what: 'Of sales that come together, the later ones find no profile.',
    faults: [
      inMethod(
        WhenSaleIsRecordedFindOrMakeProfile,
        'react',
        (react) =>
          function (events) {
            return react.call(this, events.slice(0, 1));
          },
      ),
    ],
  },
  {
    name: 'known-profile-learns-no-identity',
    what: 'A profile keeps to what its first order was known by.',
    faults: [
      inFunction(attributeOrder, (attribute) => (command, profile) => {
        const events = attribute(command, profile);
        return profile.status === 'known' ? events.filter(({ type }) => type !== 'IdentityLinked') : events;
      }),
    ],
  },
];
