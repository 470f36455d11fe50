import { z } from 'zod';

/** One thing wrong with a request, and where. */
export interface RequestIssue {
  readonly in: 'body' | 'query' | 'path' | 'header';
  /** JSON Pointer (RFC 6901) as a URI fragment, as RFC 9457 shows it: `#/lines/0/quantity`. */
  readonly pointer: string;
  readonly message: string;
}

/** {@link RequestIssue} as answers show it. */
export const requestIssue = z.object({
  in: z.enum(['body', 'query', 'path', 'header']),
  pointer: z.string().meta({ description: 'JSON Pointer as a URI fragment', examples: ['#/lines/0/units'] }),
  message: z.string(),
});

/** A request that does not have the form its route asks for: answered with 400 (gRPC: INVALID_ARGUMENT). */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';

  constructor(
    readonly issues: readonly RequestIssue[],
    readonly code: string = 'invalid-request',
  ) {
    super(
      issues.length === 1
        ? sentenceOf(issues[0])
        : `${issues.length} things are wrong with this request; see "errors".`,
    );
  }
}

/** What zod says where a schema states no message of its own has no full stop. */
const sentenceOf = (issue: RequestIssue | undefined): string =>
  issue ? `${issue.in} ${issue.pointer}: ${issue.message}`.replace(/[^.!?]$/, '$&.') : '';
