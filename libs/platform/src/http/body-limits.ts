import { RouteConfig } from '@nestjs/platform-fastify';

/** Largest body of a route, in bytes, unless the route says {@link BodyLimit}. */
export const MAX_BODY_BYTES = 1_048_576;
export const MAX_BULK_BODY_BYTES = 8_388_608;

/** Lets one route take larger bodies: `@BodyLimit(MAX_BULK_BODY_BYTES)`. */
export const BodyLimit = (bytes: number): MethodDecorator => RouteConfig({ bodyLimitBytes: bytes });

/** The route reads the bytes itself (`@RawBody()`), up to so many, whatever the sender calls them: they may be no JSON at all. */
export const RawBodyOnly = (limitBytes: number): MethodDecorator =>
  RouteConfig({ bodyLimitBytes: limitBytes, rawBodyOnly: true });
