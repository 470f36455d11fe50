/** The command was called in a way that cannot work: told in its own sentence, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
