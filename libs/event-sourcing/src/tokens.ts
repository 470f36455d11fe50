/** Token of the {@link EventStore} provider: the store behind the event registry. */
export const EVENT_STORE = 'EVENT_STORE';
/** Token of the `Clock` provider. */
export const CLOCK = 'CLOCK';
