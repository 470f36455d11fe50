import { describe, it } from '@jest/globals';
import type { IdentityEvent } from '#contracts';
import { specify } from '#testing';
import { identityDecider } from './identity.decider.js';

const { given } = specify(identityDecider);
const email = { kind: 'email', hash: 'a'.repeat(64) } as const;
const claim = (profileId: string) => ({ type: 'ClaimIdentity', ...email, profileId }) as const;
const dispute = (otherProfileId: string, orderId = 'etsy.1') =>
  ({ type: 'DisputeIdentity', ...email, otherProfileId, orderId }) as const;
const claimed: IdentityEvent = { type: 'IdentityClaimed', data: { ...email, profileId: 'ada' } };
const disputed = (otherProfileId: string): IdentityEvent => ({
  type: 'IdentityDisputed',
  data: { ...email, profileId: 'ada', otherProfileId, orderId: 'etsy.1' },
});

describe('an identity', () => {
  it('is claimed by the first profile', () => given().when(claim('ada')).thenEvents(claimed));
  it('is claimed once', () => given(claimed).when(claim('ada')).thenEvents());
  it('never leads to a second profile', () =>
    given(claimed).when(claim('eve')).thenRejected('identity-claimed', { profileId: 'ada' }));
  it('is disputed when an order of another profile carries it', () =>
    given(claimed).when(dispute('eve')).thenEvents(disputed('eve')));
  it('is disputed once per other profile', () =>
    given(claimed, disputed('eve')).when(dispute('eve', 'etsy.2')).thenEvents());
  it('is disputed with every other profile', () =>
    given(claimed, disputed('eve')).when(dispute('bob')).thenEvents(disputed('bob')));
  it('is not disputed with its own profile', () => given(claimed).when(dispute('ada')).thenEvents());
  it('is not disputed while it is unclaimed', () => given().when(dispute('eve')).thenEvents());
});
