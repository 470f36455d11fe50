import {
  channelEvents,
  channelPolicyEvents,
  type EventDefinitions,
  externalIdEvents,
  identityEvents,
  locationEvents,
  orderEvents,
  productEvents,
  profileEvents,
  stockEvents,
  typesOf,
  variantEvents,
} from '#contracts';

/** Which events go out, and on which topic: the only door. Each topic belongs to the service that stores the events. */
const PUBLISHED: Readonly<Record<string, readonly EventDefinitions[]>> = {
  'einklang.catalog.events': [productEvents, variantEvents, externalIdEvents],
  'einklang.inventory.events': [stockEvents, locationEvents, channelPolicyEvents],
  'einklang.orders.events': [orderEvents],
  'einklang.customers.events': [profileEvents, identityEvents],
  'einklang.channels.events': [channelEvents],
};

/** The newest number of every SKU: compacted, key = SKU. */
export const AVAILABILITY_TOPIC = 'einklang.inventory.availability';

/** Stored name -> topic. */
export type Publications = ReadonlyMap<string, string>;

export const publications: Publications = new Map(
  Object.entries(PUBLISHED).flatMap(([topic, groups]) =>
    groups.flatMap((definitions) => typesOf(definitions).map((type) => [type, topic] as const)),
  ),
);

/** The topics that carry these events. Throws for an event that is not published. */
export function topicsOf(types: readonly string[], published: Publications = publications): string[] {
  const topics = types.map((type) => {
    const topic = published.get(type);
    if (topic === undefined) throw new Error(`Event ${type} is not published.`);
    return topic;
  });
  return [...new Set(topics)];
}
