import { describe, expect, it } from '@jest/globals';
import type { IdentityKind, ProfileEvent } from '#contracts';
import { specify } from '#testing';
import { profileDecider } from './profile.decider.js';

const { given } = specify(profileDecider);
const placedAt = '2026-03-01T10:00:00.000Z';
const email = { kind: 'email', hash: 'a'.repeat(64) } as const;
const phone = { kind: 'phone', hash: 'b'.repeat(64) } as const;
const order = (orderId: string, ...identities: { kind: IdentityKind; hash: string }[]) =>
  ({ type: 'AttributeOrder', profileId: 'ada', orderId, channel: 'etsy', placedAt, identities }) as const;
const created: ProfileEvent = { type: 'ProfileCreated', data: { profileId: 'ada', channel: 'etsy' } };
const linked = (identity: { kind: IdentityKind; hash: string }): ProfileEvent => ({
  type: 'IdentityLinked',
  data: { profileId: 'ada', ...identity, channel: 'etsy' },
});
const attributed = (orderId: string): ProfileEvent => ({
  type: 'OrderAttributed',
  data: { profileId: 'ada', orderId, channel: 'etsy', placedAt },
});

describe('a profile', () => {
  it('begins with the first order', () =>
    given()
      .when(order('1', email, phone))
      .thenEvents(created, linked(email), linked(phone), attributed('1')));
  it('takes an order once', () => given(created, linked(email), attributed('1')).when(order('1', email)).thenEvents());
  it('takes another order', () =>
    given(created, linked(email), attributed('1')).when(order('2', email)).thenEvents(attributed('2')));
  it('is known by one more identity', () =>
    given(created, linked(email), attributed('1'))
      .when(order('2', email, phone))
      .thenEvents(linked(phone), attributed('2')));

  it('is the same after a snapshot', () => {
    const state = [created, linked(email), attributed('1')].reduce(
      profileDecider.evolve,
      profileDecider.initialState(),
    );
    const { snapshot } = profileDecider;
    for (const profile of [state, profileDecider.initialState()]) {
      expect(snapshot?.read(JSON.parse(JSON.stringify(snapshot.write(profile))))).toEqual(profile);
    }
  });
});
