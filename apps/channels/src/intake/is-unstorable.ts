import { DatabaseError } from '#read-models';

/** True where the database refuses a value (SQLSTATE classes 22, 23 and 54), which it would do again. */
export const isUnstorable = (error: unknown): error is DatabaseError =>
  error instanceof DatabaseError && /^(22|23|54)/.test(error.code ?? '');
