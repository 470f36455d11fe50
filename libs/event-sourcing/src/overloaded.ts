/** More commands wait than the bound allows. Nothing was decided; the caller may try again after the hint. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
  constructor(
    what: string,
    /** How long the queue needs to drain at its present speed, in milliseconds. */
    readonly retryAfterMs: number,
  ) {
    super(`${what} has more commands waiting than it takes. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`);
  }
}
