import { z } from 'zod';
import { InvalidRequest, type RequestIssue } from '../http/invalid-request.js';
import { compiled, issuesFrom, MAX_ISSUES } from '../http/validation.pipe.js';
import type { FieldsShape, InputOf, Shape, Slice } from './slice.js';

/** The parts of a request that hold fields, as they come in. */
export interface RequestParts {
  readonly path?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}

/** Reads requests of one shape: gives all their fields, or throws {@link InvalidRequest} with what is wrong in any part. */
export function requestReader(shape: Shape): (parts: RequestParts) => object {
  const schemas = schemasOf(shape);
  return (parts) => {
    const issues: RequestIssue[] = [];
    const input = {};
    for (const [part, schema] of schemas) {
      const result = schema.safeParse(parts[part]);
      if (result.success) Object.assign(input, result.data);
      else issues.push(...result.error.issues.flatMap((issue) => issuesFrom(issue, part, [])));
    }
    if (issues.length > 0) throw new InvalidRequest(issues.slice(0, MAX_ISSUES));
    return input;
  };
}

/**
 * Reads gRPC messages of one shape, in which the fields of all parts stand side by side. proto3 has no absent texts, numbers and
 * lists: for a field that may be absent, the empty one stands for that. Changes the message.
 */
export function messageReader(shape: Shape): (message: unknown) => object {
  const read = requestReader(shape);
  const schemas = schemasOf(shape);
  const clearers = schemas.map(([, schema]) => emptyIsAbsent(schema));
  const partOf = new Map(schemas.flatMap(([part, schema]) => namesIn(schema).map((name) => [name, part])));
  return (message) => {
    if (typeof message !== 'object' || message === null) return read({ body: message });
    for (const clear of clearers) clear(message);
    const [only] = schemas;
    if (schemas.length === 1 && only) return read({ [only[0]]: message });
    const parts: Record<keyof RequestParts, Record<string, unknown>> = { path: {}, query: {}, body: {} };
    for (const [name, value] of Object.entries(message)) parts[partOf.get(name) ?? 'body'][name] = value;
    return read(parts);
  };
}

/** For a stream of gRPC messages, each of which is a request of a slice. */
export const messagesOf = <Declared extends Slice<never>>({ shape }: Declared) =>
  messageReader(shape) as (message: unknown) => InputOf<Declared>['input'];

/** Takes the revision that its sender had read out of a gRPC message, where there is one; what is left is the request. */
export function takeExpectedRevision(message: unknown): { readonly expectedRevision?: number } {
  if (typeof message !== 'object' || message === null) return {};
  const expectedRevision: unknown = Reflect.get(message, EXPECTED_REVISION);
  Reflect.deleteProperty(message, EXPECTED_REVISION);
  // What an optional field of proto3 comes as beside its value.
  Reflect.deleteProperty(message, `_${EXPECTED_REVISION}`);
  return typeof expectedRevision === 'number' ? { expectedRevision } : {};
}

const EXPECTED_REVISION = 'expectedRevision';

type Fields = NonNullable<FieldsShape>;

function schemasOf({ path, query, body }: Shape): readonly (readonly [part: keyof RequestParts, schema: Fields])[] {
  return [
    ...(path && Object.keys(path).length > 0 ? [['path', compiled(z.strictObject(path))] as const] : []),
    ...(query ? [['query', compiled(query)] as const] : []),
    ...(body ? [['body', compiled(body)] as const] : []),
  ];
}

const namesIn = (schema: Fields): readonly string[] =>
  schema instanceof z.ZodUnion
    ? [...new Set(schema.options.flatMap(({ shape }) => Object.keys(shape)))]
    : Object.keys(schema.shape);

type Clear = (message: object) => void;

function emptyIsAbsent(schema: Fields): Clear {
  if (schema instanceof z.ZodUnion) {
    const names = namesIn(schema);
    return (message) => {
      for (const name of names) deleteIfEmpty(message, name);
    };
  }
  const fields = Object.entries(schema.shape);
  const optional = fields.filter(([, field]) => field.safeParse(undefined).success).map(([name]) => name);
  const nested = fields.flatMap(([name, field]) => {
    const clear = clearWithin(field);
    return clear ? [[name, clear] as const] : [];
  });
  return (message) => {
    for (const name of optional) deleteIfEmpty(message, name);
    for (const [name, clear] of nested) {
      const value: unknown = Reflect.get(message, name);
      for (const each of Array.isArray(value) ? value : [value])
        if (typeof each === 'object' && each !== null) clear(each);
    }
  };
}

function deleteIfEmpty(message: object, name: string): void {
  const value: unknown = Reflect.get(message, name);
  if (value === '' || value === 0 || (Array.isArray(value) && value.length === 0))
    Reflect.deleteProperty(message, name);
}

/** For a field that is a message, or a list of messages. */
function clearWithin(field: z.core.$ZodType): Clear | undefined {
  if (field instanceof z.ZodObject) return emptyIsAbsent(field);
  if (field instanceof z.ZodArray) return clearWithin(field.element);
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault) return clearWithin(field.unwrap());
  return undefined;
}
