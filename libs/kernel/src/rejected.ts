/** Why a request was refused, in terms of what the caller can do about it. The edge maps each kind to one status. */
export type RejectionKind = 'invalid' | 'not-found' | 'conflict' | 'precondition' | 'unavailable';

/**
 * A request that broke a rule. Deciders return it, the command runner throws it, the edge answers it once
 * (problem+json or a gRPC status).
 *
 * `code` is stable and part of the API; `message` is a sentence that says what to do; `details` are machine-readable
 * numbers and ids that go into the answer. It carries no stack: a refusal is an answer, not a fault.
 */
export class Rejected extends Error {
  override readonly name = 'Rejected';

  constructor(
    readonly kind: RejectionKind,
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = limit;
  }
}
