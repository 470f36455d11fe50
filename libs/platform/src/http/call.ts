import type { FastifyRequest } from 'fastify';
import type { Call } from '../request-context.js';

/** What an HTTP request says about itself as a call. */
export const callOf = (request: FastifyRequest): Call => ({
  scope: `${request.method} ${request.url.split('?', 1)[0]}`,
  header: (name) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  },
});
