import type { ExceptionSource } from '#platform';
import { SHARED_BY_PROFILES } from '../../processes/when-sale-is-recorded-find-or-make-profile/when-sale-is-recorded-find-or-make-profile.js';

/** One case per pair of profiles, whatever they were seen with. */
export const identityDisputes: ExceptionSource = {
  kind: 'identity-dispute',
  whatToDo:
    'Look at the orders of both profiles, GET /v1/profiles/{profileId}: they may be of one person or of several who share a phone. The case closes when so many share it that it identifies no person.',
  openCases: `
    select least(profile_id, other_profile_id) || '/' || greatest(profile_id, other_profile_id) as subject,
           min(disputed_at) as since,
           'Order ' || min(order_id) || ' carries ' || string_agg(distinct kind, ' and ') || ' of both profiles.' as detail
      from (select d.*, count(*) over (partition by kind, hash) as sharers from view_profiles.disputes d) disputes
     where sharers < ${SHARED_BY_PROFILES}
     group by least(profile_id, other_profile_id), greatest(profile_id, other_profile_id)`,
};
