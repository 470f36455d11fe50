import { EventRegistry, type Upcaster } from '#event-sourcing';
import type { EventDefinitions } from './define-events.js';
import { externalIdEvents, productEvents, variantEvents } from './events/catalog.js';
import { channelEvents } from './events/channels.js';
import { identityEvents, profileEvents } from './events/customers.js';
import { orderEvents } from './events/orders.js';
import { processEvents } from './events/processes.js';
import { stockEvents } from './events/stock.js';
import { channelPolicyEvents, locationEvents } from './events/supply.js';
import { transferEvents } from './events/transfers.js';
import { type Category, type ServiceName, serviceNames, services } from './services.js';

/** The events of every category of streams. */
export const eventsByCategory = {
  product: productEvents,
  variant: variantEvents,
  externalid: externalIdEvents,
  stock: stockEvents,
  location: locationEvents,
  channelpolicy: channelPolicyEvents,
  transfer: transferEvents,
  order: orderEvents,
  profile: profileEvents,
  identity: identityEvents,
  channel: channelEvents,
} as const satisfies Readonly<Record<Category, EventDefinitions>>;

/** Every event that is written today, by stored name. */
export const allEvents: EventDefinitions = Object.assign({}, ...Object.values(eventsByCategory), processEvents);

/** Whether every service stores events of this name, about processes of its own. They stay in it. */
export const isOfProcesses = (type: string): boolean => type in processEvents;

/** The service that stores events of this name. Throws for a name that is not stored today, or by every service. */
export function ownerOf(type: string): ServiceName {
  const owner = serviceNames.find((name) =>
    services[name].categories.some((category) => type in eventsByCategory[category]),
  );
  if (owner === undefined) throw new Error(`No service stores ${type}.`);
  return owner;
}

/** How events of former names are read. Each has a golden sample that decodes permanently. */
export const upcasters: readonly Upcaster[] = [];

/** The one registry of stored names. */
export const eventRegistry = new EventRegistry(Object.keys(allEvents), upcasters);
