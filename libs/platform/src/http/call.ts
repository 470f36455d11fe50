import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Call } from '../request-context.js';

/** What an HTTP request says about itself as a call. */
export const callOf = ({ raw }: FastifyRequest): Call => ({
  scope: () => `${raw.method} ${raw.url?.split('?', 1)[0]}`,
  ...headersOf(raw),
});

/** The headers of a call; of one that came more than once, the first. */
export const headersOf = ({ headers }: IncomingMessage): Pick<Call, 'header'> => ({
  header: (name) => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  },
});
