/** Token of the `ServiceMessaging` of a service of its own; nothing provides it where all are in one process. */
export const MESSAGING = 'MESSAGING';
