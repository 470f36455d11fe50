import { z } from 'zod';
import { defineEvents, type EventOf } from '../define-events.js';
import { unitsOrNone } from '../shapes.js';

const location = z.strictObject({
  locationId: z.string(),
  name: z.string(),
  roles: z.array(z.enum(['ship-from', 'pickup', 'returns'])),
});

/** Of stream `location-<id>`. */
export const locationEvents = defineEvents({
  LocationOpened: {
    when: 'A warehouse, store or partner holds goods from now on.',
    data: location,
  },
  LocationChanged: {
    when: 'An open location has another name or other roles.',
    data: location,
  },
  LocationClosed: {
    when: 'A location holds no goods any more, and supplies no channel.',
    data: z.strictObject({ locationId: z.string() }),
  },
});
export type LocationEvent = EventOf<typeof locationEvents>;

/** Of stream `channelpolicy-<channel>`: what holds for every SKU on one channel. */
export const channelPolicyEvents = defineEvents({
  SupplyMapSet: {
    when: 'The locations that supply a channel, and their order, changed.',
    data: z.strictObject({ channel: z.string(), locationIds: z.array(z.string()) }),
  },
  ChannelDefaultsSet: {
    when: 'The rule of a channel for every SKU without one of its own changed.',
    data: z.strictObject({
      channel: z.string(),
      buffer: unitsOrNone,
      cap: unitsOrNone.optional(),
      sharePercent: z.int().min(0).max(100),
    }),
  },
});
export type ChannelPolicyEvent = EventOf<typeof channelPolicyEvents>;
