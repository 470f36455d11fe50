import { EventRegistry, type Upcaster } from '#event-sourcing';
import type { EventDefinitions } from './define-events.js';
import { externalIdEvents, productEvents, variantEvents } from './events/catalog.js';
import { channelEvents } from './events/channels.js';
import { identityEvents, profileEvents } from './events/customers.js';
import { orderEvents } from './events/orders.js';
import { stockEvents } from './events/stock.js';
import { channelPolicyEvents, locationEvents } from './events/supply.js';

/** Every event that is written today, by stored name. */
export const allEvents: EventDefinitions = {
  ...productEvents,
  ...variantEvents,
  ...externalIdEvents,
  ...stockEvents,
  ...locationEvents,
  ...channelPolicyEvents,
  ...orderEvents,
  ...profileEvents,
  ...identityEvents,
  ...channelEvents,
};

/** How events of former names are read. Each has a golden sample that decodes for ever. */
export const upcasters: readonly Upcaster[] = [];

/** The one registry of stored names. */
export const eventRegistry = new EventRegistry(Object.keys(allEvents), upcasters);
