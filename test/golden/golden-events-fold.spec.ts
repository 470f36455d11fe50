import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { allEvents } from '#contracts';
import { type Decider, type DomainEvent, processDecider } from '#event-sourcing';
import { externalIdDecider } from '../../apps/catalog/src/external-id/external-id.decider.js';
import { productDecider } from '../../apps/catalog/src/product/product.decider.js';
import { variantDecider } from '../../apps/catalog/src/variant/variant.decider.js';
import { channelDecider } from '../../apps/channels/src/channel/channel.decider.js';
import { identityDecider } from '../../apps/customers/src/identity/identity.decider.js';
import { profileDecider } from '../../apps/customers/src/profile/profile.decider.js';
import { stockDecider } from '../../apps/inventory/src/stock/stock.decider.js';
import { channelPolicyDecider } from '../../apps/inventory/src/supply/channel-policy.js';
import { locationDecider } from '../../apps/inventory/src/supply/location.js';
import { transferDecider } from '../../apps/inventory/src/transfer/transfer.decide.js';
import { orderDecider } from '../../apps/orders/src/order/order.decide.js';

const folds = [
  foldOf(externalIdDecider),
  foldOf(productDecider),
  foldOf(variantDecider),
  foldOf(channelDecider),
  foldOf(identityDecider),
  foldOf(profileDecider),
  foldOf(stockDecider),
  foldOf(channelPolicyDecider),
  foldOf(locationDecider),
  foldOf(orderDecider),
  foldOf(processDecider),
  foldOf(transferDecider),
];

const samplesOf = (type: string): DomainEvent[] =>
  JSON.parse(readFileSync(new URL(`../../libs/contracts/golden/${type}.json`, import.meta.url), 'utf8')).map(
    (data: object) => ({ type, data }),
  );

describe('golden events', () => {
  it('belong to one aggregate each', () => {
    expect(folds.flatMap(({ types }) => types).toSorted()).toEqual(Object.keys(allEvents).toSorted());
  });

  it.each(folds)('of $category are folded in their order, twice, and across a snapshot', ({ types, fold }) => {
    const all = types.flatMap(samplesOf);
    expect(fold(all)).toBeDefined();
    expect(fold([...all, ...all])).toBeDefined();
  });
});

/** Folds events as the command runner does: a snapshot is written as JSON half-way, and read again. */
function foldOf<Command, Event extends DomainEvent, State>(decider: Decider<Command, Event, State>) {
  const { category, eventTypes, evolve, initialState, snapshot } = decider;
  const fold = (events: readonly DomainEvent[]): State => {
    const half = Math.ceil(events.length / 2);
    const folded = (events.slice(0, half) as Event[]).reduce(evolve, initialState());
    const restored = snapshot ? snapshot.read(JSON.parse(JSON.stringify(snapshot.write(folded)))) : folded;
    return (events.slice(half) as Event[]).reduce(evolve, restored);
  };
  return { category, types: eventTypes as readonly string[], fold };
}
