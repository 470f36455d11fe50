import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  HttpCode,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { grpcCallOf } from '../grpc/grpc-call.js';
import { BodyLimit } from '../http/body-limits.js';
import { callOf } from '../http/call.js';
import { IF_MATCH } from '../http/if-match.js';
import { Problems } from '../http/problems.decorator.js';
import { RevisionTag } from '../http/responses.js';
import { aggregateMetadataOf, type Call, commandMetadataOf } from '../request-context.js';
import { messageReader, requestReader, takeExpectedRevision } from './read-request.js';
import type { Slice } from './slice.js';

/**
 * Makes a method the route of a slice: checks and documents requests, documents success and refusals, sets the status. Its
 * parameter with {@link Input} gets the request; other parameters are Nest's as ever. Also for unary gRPC methods.
 */
export function Executes(slice: Slice): MethodDecorator {
  const { service, shape } = slice;
  const { name, summary, path = {}, query, body, answer, status = 200, success, otherSuccess } = shape;
  const answers = [{ status, success }, ...(otherSuccess ? [otherSuccess] : [])];
  return applyDecorators(
    readsInput(slice),
    HttpCode(status),
    ...(shape.bodyLimitBytes === undefined ? [] : [BodyLimit(shape.bodyLimitBytes)]),
    ApiTags(service),
    ApiOperation({ summary, operationId: name.charAt(0).toLowerCase() + name.slice(1) }),
    ...Object.entries(path).map(([parameter, schema]) => ApiParam({ name: parameter, ...documentedBy(schema) })),
    ...(query ? [ApiQuery({ name: '', ...documentedBy(query) })] : []),
    ...(body ? [ApiBody(documentedBy(body))] : []),
    ...answers.map((each) =>
      ApiResponse({ status: each.status, standardSchema: answer, ...(each.success && { description: each.success }) }),
    ),
    Problems(shape.refusals ?? {}),
    ...(shape.conditional ? [ApiHeader(IF_MATCH)] : []),
    ...(shape.revision ? [UseInterceptors(new RevisionTag((answer) => shape.revision?.(answer)))] : []),
  );
}

/** The parameter that gets the request of the slice that the method {@link Executes}. */
export function Input(): ParameterDecorator {
  return (target, method, index) => {
    const parameter: InputParameter = {};
    parametersOf(target).set(method, parameter);
    requestParameter(parameter)(target, method, index);
  };
}

/** What Nest's own parameters state; the types of the decorators for documentation leave it out. */
const documentedBy = (schema: z.ZodType): object => ({ standardSchema: schema });

interface InputParameter {
  /** Set by {@link Executes}, which is evaluated after the parameters of its method. */
  read?: (context: ExecutionContext) => unknown;
}

const requestParameter = createParamDecorator(({ read }: InputParameter, context) => {
  if (!read) throw new Error('A method with @Input() needs @Executes(slice).');
  return read(context);
});

const parameters = new WeakMap<object, Map<string | symbol | undefined, InputParameter>>();

function parametersOf(target: object): Map<string | symbol | undefined, InputParameter> {
  const known = parameters.get(target) ?? new Map();
  parameters.set(target, known);
  return known;
}

function readsInput(slice: Slice): MethodDecorator {
  return (target, method) => {
    const parameter = parametersOf(target).get(method);
    if (!parameter)
      throw new Error(`${String(method)} executes ${slice.shape.name}, so it needs a parameter with @Input().`);
    parameter.read = readerOf(slice);
  };
}

function readerOf({ kind, shape }: Slice): (context: ExecutionContext) => unknown {
  const readRequest = requestReader(shape);
  const readMessage = messageReader(shape);
  const metadataOf = (call: Call) => (shape.conditional ? aggregateMetadataOf(call) : commandMetadataOf(call));
  return (context) => {
    if (context.getType() !== 'http') {
      const message: unknown = context.getArgByIndex(0);
      const expectation = shape.conditional ? takeExpectedRevision(message) : undefined;
      const input = readMessage(message);
      if (kind === 'query') return { input };
      return { input, metadata: { ...metadataOf(grpcCallOf(context.getArgByIndex(2))), ...expectation } };
    }
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const input = readRequest({ path: request.params, query: request.query, body: request.body });
    return kind === 'query' ? { input } : { input, metadata: metadataOf(callOf(request)) };
  };
}
