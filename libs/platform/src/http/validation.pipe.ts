import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { InvalidRequest, type RequestIssue } from './invalid-request.js';

/** Checks every parameter that states a zod schema (`@Body({ schema })`, `@Payload({ schema })`) and hands on its output. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  async transform(value: unknown, { schema, type, data }: ArgumentMetadata): Promise<unknown> {
    if (!schema) return value;
    const result = await compiled(schema)['~standard'].validate(value);
    if (!result.issues) return result.value;
    const place = type === 'custom' ? 'body' : type === 'param' ? 'path' : type;
    throw new InvalidRequest(
      result.issues.flatMap((issue) => issuesFrom(issue, place, data === undefined ? [] : [data])).slice(0, MAX_ISSUES),
    );
  }
}

type Schema = NonNullable<ArgumentMetadata['schema']>;

/** A compiled schema takes a tenth of the time for what is sound; what is not goes to the schema itself, for its words. */
export function compiled<Known extends Schema>(schema: Known): Known {
  const known = compiledSchemas.get(schema) as Known | undefined;
  if (known) return known;
  const made = schema instanceof z.ZodType ? z.compile(schema) : schema;
  compiledSchemas.set(schema, made);
  return made;
}

/** Schemas are those of the routes, so they live as long as the process does. */
const compiledSchemas = new WeakMap<Schema, Schema>();

/** A body of a thousand wrong rows is answered with the first ones: enough to mend it, too few to be a burden. */
export const MAX_ISSUES = 50;

type StandardIssue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

export function issuesFrom(issue: StandardIssue, place: RequestIssue['in'], prefix: readonly string[]): RequestIssue[] {
  const path = [
    ...prefix,
    ...(issue.path ?? []).map((segment) => String(typeof segment === 'object' ? segment.key : segment)),
  ];
  const unknownKeys = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : undefined;
  const paths = unknownKeys ? unknownKeys.map((key) => [...path, key]) : [path];
  return paths.map((each) => ({ in: place, pointer: pointerTo(each), message: issue.message }));
}

/** Names of fields are the caller's: any text, also half of a surrogate pair, which cannot be percent-encoded. */
const pointerTo = (path: readonly string[]): string =>
  ['#', ...path.map((segment) => encodeURIComponent(escaped(segment.slice(0, 100)).toWellFormed()))].join('/');

const escaped = (segment: string): string => segment.replaceAll('~', '~0').replaceAll('/', '~1');

/** Plain words where zod speaks of types. A message stated by a schema goes first. */
z.config({
  customError: (issue) => {
    if (issue.code === 'invalid_type' && issue.input === undefined) return 'This field is required.';
    if (issue.code === 'unrecognized_keys') return 'This field is not known here. Check its spelling or leave it out.';
    return undefined;
  },
});
