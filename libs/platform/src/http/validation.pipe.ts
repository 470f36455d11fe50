import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { InvalidRequest, type RequestIssue } from './invalid-request.js';

/** Checks every parameter that states a zod schema (`@Body({ schema })`, `@Payload({ schema })`) and hands on its output. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  async transform(value: unknown, { schema, type, data }: ArgumentMetadata): Promise<unknown> {
    if (!schema) return value;
    const result = await schema['~standard'].validate(value);
    if (!result.issues) return result.value;
    const place = type === 'custom' ? 'body' : type === 'param' ? 'path' : type;
    throw new InvalidRequest(
      result.issues.flatMap((issue) => issuesFrom(issue, place, data === undefined ? [] : [data])).slice(0, MAX_ISSUES),
    );
  }
}

/** A body of a thousand wrong rows is answered with the first ones: enough to mend it, too few to be a burden. */
const MAX_ISSUES = 50;

type StandardIssue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

function issuesFrom(issue: StandardIssue, place: RequestIssue['in'], prefix: readonly string[]): RequestIssue[] {
  const path = [
    ...prefix,
    ...(issue.path ?? []).map((segment) => String(typeof segment === 'object' ? segment.key : segment)),
  ];
  const unknownKeys = 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : undefined;
  const paths = unknownKeys ? unknownKeys.map((key) => [...path, key]) : [path];
  return paths.map((each) => ({ in: place, pointer: pointerTo(each), message: issue.message }));
}

const pointerTo = (path: readonly string[]): string =>
  [
    '#',
    ...path.map((segment) => encodeURIComponent(segment.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1'))),
  ].join('/');

/** Plain words where zod speaks of types. A message stated by a schema goes first. */
z.config({
  customError: (issue) => {
    if (issue.code === 'invalid_type' && issue.input === undefined) return 'This field is required.';
    if (issue.code === 'unrecognized_keys') return 'This field is not known here. Check its spelling or leave it out.';
    return undefined;
  },
});
