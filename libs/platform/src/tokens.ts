/** Token of the `ServiceMessaging` of a service of its own; nothing provides it where all are in one process. */
export const MESSAGING = 'MESSAGING';

/** Token of the sentences about what is not as it should be about this installation. */
export const WARNINGS = 'WARNINGS';
