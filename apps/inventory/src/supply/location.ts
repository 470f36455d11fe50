import { type LocationEvent, locationEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';

export interface OpenLocation {
  readonly type: 'OpenLocation';
  readonly locationId: string;
  readonly name: string;
  readonly roles: readonly ('ship-from' | 'pickup' | 'returns')[];
}

/** Nothing before it is opened; afterwards what it was opened as. */
type Location = { readonly status: 'unknown' } | { readonly status: 'open'; readonly opened: LocationEvent['data'] };

/** Streams `location-<id>`. */
export const locationDecider: Decider<OpenLocation, LocationEvent, Location> = {
  category: 'location',
  eventTypes: typesOf(locationEvents),
  initialState: () => ({ status: 'unknown' }),
  decide: ({ locationId, name, roles }, location) => {
    const data = { locationId, name, roles: [...roles] };
    if (location.status === 'open' && JSON.stringify(location.opened) === JSON.stringify(data)) return [];
    return [{ type: 'LocationOpened', data }];
  },
  evolve: (_, event) => ({ status: 'open', opened: event.data }),
};
