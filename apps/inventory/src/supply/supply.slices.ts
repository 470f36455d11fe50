import { z } from 'zod';
import { channelIdSchema, locationIdSchema, quantityOrNone, textLine } from '#platform';
import { inventory } from '../inventory.slices.js';

const changed = z.object({
  revision: z.int().meta({ description: 'Of the location or the policy after the change, for If-Match' }),
  position: z.int().meta({ description: 'A view that has reached this position shows the change' }),
});

export const openLocation = inventory.command({
  name: 'OpenLocation',
  summary: 'Open a location, or give it another name or other roles',
  path: { locationId: locationIdSchema },
  body: z.strictObject({
    name: textLine(128),
    roles: z
      .array(z.enum(['ship-from', 'pickup', 'returns']))
      .max(3)
      .default(['ship-from']),
  }),
  answer: changed,
  conditional: true,
  execute: (location, { changeSupply }, metadata) =>
    changeSupply.openLocation({ type: 'OpenLocation', ...location }, metadata),
});

export const closeLocation = inventory.command({
  name: 'CloseLocation',
  summary: 'Close an empty location: it supplies no channel and takes no goods until it is opened again',
  path: { locationId: locationIdSchema },
  answer: changed,
  conditional: true,
  refusals: { 'not-found': ['unknown-location'], conflict: ['location-not-empty'] },
  execute: async ({ locationId }, { supply, locationContents, changeSupply }, metadata) => {
    if (supply.isOpen(locationId)) await locationContents.requireEmpty(locationId);
    return changeSupply.closeLocation({ type: 'CloseLocation', locationId }, metadata);
  },
});

export const setSupplyMap = inventory.command({
  name: 'SetSupplyMap',
  summary: 'Which locations supply a channel, in which order',
  path: { channel: channelIdSchema },
  body: z.strictObject({
    locationIds: z
      .array(locationIdSchema)
      .min(1)
      .max(100)
      .refine((ids) => new Set(ids).size === ids.length, 'Name each location once.')
      .meta({ description: 'In the order in which they are asked for units', uniqueItems: true }),
  }),
  answer: changed,
  conditional: true,
  refusals: { 'not-found': ['unknown-location'], conflict: ['location-closed'] },
  execute: (map, { changeSupply }, metadata) => changeSupply.setPolicy({ type: 'SetSupplyMap', ...map }, metadata),
});

export const setChannelDefaults = inventory.command({
  name: 'SetChannelDefaults',
  summary: 'What a channel may show of every SKU without a rule of its own',
  path: { channel: channelIdSchema },
  body: z.strictObject({
    buffer: quantityOrNone.default(0),
    cap: quantityOrNone.optional(),
    sharePercent: z.int().min(0).max(100).default(100),
  }),
  answer: changed,
  conditional: true,
  execute: (rule, { changeSupply }, metadata) =>
    changeSupply.setPolicy({ type: 'SetChannelDefaults', ...rule }, metadata),
});

export const locations = inventory.query({
  name: 'Locations',
  summary: 'Open locations, the oldest first',
  answer: z.object({
    items: z.array(z.object({ locationId: z.string(), name: z.string(), roles: z.array(z.string()) })),
  }),
  execute: (_, { supply }) => ({
    items: supply.locations.map((locationId) => {
      const { name = locationId, roles = [] } = supply.locationOf(locationId) ?? {};
      return { locationId, name, roles };
    }),
  }),
});
