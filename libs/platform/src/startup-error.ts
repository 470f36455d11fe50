import { isNativeError } from 'node:util/types';

/** A reason why the program cannot start that its operator can remove. `message` is one clear sentence and all they see. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** The `code` of a system error such as EADDRINUSE; undefined for any other value. */
export const systemCodeOf = (error: unknown): string | undefined =>
  isNativeError(error) && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
