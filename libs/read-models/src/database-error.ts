/** What PostgreSQL refused. Carries no parameters: they may be long, and private. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  /** SQLSTATE, as `23505`; absent when the connection was lost. */
  readonly code: string | undefined;
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  }
}

/** A text as PostgreSQL takes it, which has none with U+0000 in it, cut to a length. */
export const storableText = (text: string, maxLength: number = text.length): string =>
  text.slice(0, maxLength).replaceAll('\0', '\uFFFD');

/**
 * True where PostgreSQL refuses a value, which it would do again. Classes of SQLSTATE: cardinality, data exception, constraint,
 * program limit.
 */
export const isRefusedValue = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && /^(21|22|23|54)/.test(error.code ?? '');
