import { type ChannelPolicyEvent, channelPolicyEvents, type LocationEvent, locationEvents, typesOf } from '#contracts';
import type { ChannelPolicy } from './channel-terms.js';

export type SupplyEvent = LocationEvent | ChannelPolicyEvent;
export const supplyEventTypes = [...typesOf(locationEvents), ...typesOf(channelPolicyEvents)];

/** Locations and channel policies as of some event: a fold that decisions and the stock view share. Plain JSON. */
export interface Supply {
  /** Open locations, in the order in which they were opened. */
  readonly locations: string[];
  /** What every location is called, and may be used for; also of those that were closed. */
  readonly known: Record<string, { readonly name: string; readonly roles: readonly string[] }>;
  readonly channels: Record<string, ChannelSupply>;
  /** Channels that stock was ever asked for or ruled for, since when: the stock view knows, decisions do not need it. */
  readonly inUse: Record<string, string>;
}

interface ChannelSupply {
  locationIds?: string[];
  defaults?: { buffer: number; cap?: number | undefined; sharePercent: number };
}

export const emptySupply = (): Supply => ({ locations: [], known: {}, channels: {}, inUse: {} });

/** Adds one event, in place. */
export function addToSupply(supply: Supply, event: SupplyEvent): Supply {
  switch (event.type) {
    case 'LocationOpened':
    case 'LocationChanged': {
      const { locationId, name, roles } = event.data;
      if (!supply.locations.includes(locationId)) supply.locations.push(locationId);
      supply.known[locationId] = { name, roles };
      break;
    }
    case 'LocationClosed': {
      const place = supply.locations.indexOf(event.data.locationId);
      if (place >= 0) supply.locations.splice(place, 1);
      break;
    }
    case 'SupplyMapSet':
      channelOf(supply, event.data.channel).locationIds = event.data.locationIds;
      break;
    case 'ChannelDefaultsSet':
      channelOf(supply, event.data.channel).defaults = event.data;
      break;
    default:
      event satisfies never;
  }
  return supply;
}

/** The policy of a channel. Without a supply map of its own, every open location supplies it, the oldest first. */
export function policyOf(supply: Supply, channel: string): ChannelPolicy {
  const { defaults } = supply.channels[channel] ?? {};
  return {
    channel,
    ...sourcesOf(supply, channel),
    buffer: defaults?.buffer ?? 0,
    cap: defaults?.cap,
    sharePercent: defaults?.sharePercent ?? 100,
  };
}

/** Where the goods of a channel come from, and which others they may go to. */
function sourcesOf(supply: Supply, channel: string): Pick<ChannelPolicy, 'supply' | 'sharedWith' | 'reach'> {
  const own = suppliersOf(supply, channel);
  const sharedWith: Record<string, readonly string[]> = {};
  const reach = new Set(own);
  for (const other of Object.keys(supply.channels)) {
    const theirs = suppliersOf(supply, other);
    const shared = own.filter((locationId) => theirs.includes(locationId));
    if (shared.length < own.length) sharedWith[other] = shared;
    if (shared.length > 0) for (const locationId of theirs) reach.add(locationId);
  }
  return { supply: own, sharedWith, reach: [...reach].sort() };
}

/** Open locations only: a copy, because opening and closing change the list. */
function suppliersOf({ channels, locations }: Supply, channel: string): readonly string[] {
  const mapped = channels[channel]?.locationIds;
  return mapped ? mapped.filter((locationId) => locations.includes(locationId)) : [...locations];
}

/** The policies of every channel that has a supply map or a rule: the ones that are shown a number. */
export const allPolicies = (supply: Supply): ChannelPolicy[] =>
  Object.keys(supply.channels).map((channel) => policyOf(supply, channel));

function channelOf(supply: Supply, channel: string): ChannelSupply {
  supply.channels[channel] ??= {};
  return supply.channels[channel];
}
