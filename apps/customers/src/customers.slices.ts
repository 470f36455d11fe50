import { type PersonalDataHasher, ServiceSlices, type SliceParts } from '#platform';
import type { ProfilesQuery } from './views/profiles/profiles.query.js';

export interface CustomersParts extends SliceParts {
  readonly profilesQuery: ProfilesQuery;
  readonly hasher: PersonalDataHasher;
}

export const customers = new ServiceSlices<CustomersParts>('customers');
