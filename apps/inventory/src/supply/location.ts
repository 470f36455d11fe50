import { type LocationEvent, locationEvents, typesOf } from '#contracts';
import type { Decider } from '#event-sourcing';
import { Rejected } from '#kernel';

export interface OpenLocation {
  readonly type: 'OpenLocation';
  readonly locationId: string;
  readonly name: string;
  readonly roles: readonly ('ship-from' | 'pickup' | 'returns')[];
}

/** Nothing may stand there any more: who sends it has looked. */
export interface CloseLocation {
  readonly type: 'CloseLocation';
  readonly locationId: string;
}

export type LocationCommand = OpenLocation | CloseLocation;

/** Nothing before it is opened; then what it is called, until it is closed. */
type Location =
  | { readonly status: 'unknown' }
  | { readonly status: 'open'; readonly known: Omit<OpenLocation, 'type'> }
  | { readonly status: 'closed' };

/** Streams `location-<id>`. */
export const locationDecider: Decider<LocationCommand, LocationEvent, Location> = {
  category: 'location',
  eventTypes: typesOf(locationEvents),
  initialState: () => ({ status: 'unknown' }),
  decide: (command, location) => (command.type === 'OpenLocation' ? open(command, location) : close(command, location)),
  evolve: (_, event) =>
    event.type === 'LocationClosed' ? { status: 'closed' } : { status: 'open', known: event.data },
};

function open({ locationId, name, roles }: OpenLocation, location: Location): LocationEvent[] {
  const data = { locationId, name, roles: [...roles] };
  if (location.status !== 'open') return [{ type: 'LocationOpened', data }];
  return JSON.stringify(location.known) === JSON.stringify(data) ? [] : [{ type: 'LocationChanged', data }];
}

function close({ locationId }: CloseLocation, location: Location): LocationEvent[] | Rejected {
  if (location.status === 'open') return [{ type: 'LocationClosed', data: { locationId } }];
  return location.status === 'closed' ? [] : unknownLocation(locationId);
}

export const unknownLocation = (locationId: string): Rejected =>
  new Rejected('not-found', 'unknown-location', `There is no location ${locationId}. Open it first.`);
