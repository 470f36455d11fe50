import type { RecordedEvent } from '#event-sourcing';
import type { CustomerFold, CustomerRecorded } from './customer-fold.js';
import { must } from './violation.js';

export const isOfCustomers = ({ stream }: RecordedEvent): boolean => /^(profile|identity)-/.test(stream);

/** What one event of profiles and identities may say, given everything before it. */
export function checkCustomerEvent(event: CustomerRecorded, fold: CustomerFold): void {
  const where = () => `${event.type} of ${JSON.stringify(event.data)} at ${event.position}`;
  switch (event.type) {
    case 'ProfileCreated':
      must(!fold.profiles.has(event.data.profileId), 'a profile begins once', where);
      break;
    case 'IdentityClaimed':
      must(!fold.claims.has(`${event.data.kind}.${event.data.hash}`), 'an identity leads to one profile', where);
      break;
    case 'IdentityLinked':
      must(
        fold.claims.get(`${event.data.kind}.${event.data.hash}`) === event.data.profileId,
        'a profile is known by what leads to it',
        where,
      );
      break;
    case 'OrderAttributed':
      must(!fold.attributed.has(event.data.orderId), 'an order is of one profile', where);
      break;
    case 'IdentityDisputed':
      must(
        fold.claims.get(`${event.data.kind}.${event.data.hash}`) === event.data.profileId &&
          event.data.otherProfileId !== event.data.profileId,
        'an identity is disputed by another profile than its own',
        where,
      );
      break;
    default:
      event satisfies never;
  }
}

/** Once every sale was looked at: who can be known is known, and all that leads to a profile says so on both sides. */
export function checkCustomersAtRest(fold: CustomerFold): void {
  for (const [identity, profileId] of fold.claims)
    must(fold.links.get(identity) === profileId, 'identity links converge', () => `${identity} of ${profileId}`);
  for (const [orderId, [strongest]] of fold.buyers) {
    // What so many share leads to nobody.
    if (strongest === undefined || fold.disputesOf(strongest) >= SHARED_BY_PROFILES) continue;
    const profileId = fold.attributed.get(orderId)?.profileId;
    must(
      profileId !== undefined && profileId === fold.claims.get(strongest),
      'an order is of whom its strongest identity leads to',
      () => `${orderId} is of ${profileId}, ${strongest} leads to ${fold.claims.get(strongest)}`,
    );
  }
}

const SHARED_BY_PROFILES = 5;
