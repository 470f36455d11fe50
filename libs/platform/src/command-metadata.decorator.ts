import { createParamDecorator } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { EventMetadata } from '#event-sourcing';
import { grpcCallOf } from './grpc/grpc-call.js';
import { callOf } from './http/call.js';
import { commandMetadataOf } from './request-context.js';

/** Metadata of the events that answer a request. */
export const commandMetadata = (request: FastifyRequest): EventMetadata & { readonly receivedAt: string } =>
  commandMetadataOf(callOf(request));

/** A parameter with {@link commandMetadata}, in HTTP controllers and gRPC methods alike: `@CommandMetadata() metadata: EventMetadata`. */
export const CommandMetadata = createParamDecorator((_: unknown, context) =>
  context.getType() === 'http'
    ? commandMetadata(context.switchToHttp().getRequest())
    : commandMetadataOf(grpcCallOf(context.getArgByIndex(2))),
);
