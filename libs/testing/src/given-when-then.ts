import { expect } from '@jest/globals';
import type { Decider, DomainEvent } from '#event-sourcing';
import { Rejected } from '#kernel';

/**
 * Specifies a decider by examples: `given(...events).when(command).thenEvents(...events)` or `.thenRejected(code)`.
 * `at` sets the time of the decision in milliseconds; what elapsed by then is decided first and expected first.
 */
export const specify = <Command, Event extends DomainEvent, State>(decider: Decider<Command, Event, State>) => ({
  given: (...history: readonly Event[]) => ({
    when: (command: Command, at = 0) => {
      const { elapsed, answer } = decideAfter(decider, history, command, at);
      return {
        thenEvents: (...expected: readonly Event[]) => {
          expect(answer instanceof Rejected ? answer.message : [...elapsed, ...answer]).toEqual(expected);
        },
        thenRejected: (code: string, details: Record<string, unknown> = {}) => {
          expect(answer).toBeInstanceOf(Rejected);
          expect(answer).toMatchObject({ code, details });
        },
      };
    },
  }),
});

function decideAfter<Command, Event extends DomainEvent, State>(
  decider: Decider<Command, Event, State>,
  history: readonly Event[],
  command: Command,
  now: number,
) {
  let state = history.reduce((folded, event) => decider.evolve(folded, event), decider.initialState());
  const elapsed = decider.elapse?.(state, now) ?? [];
  state = elapsed.reduce((folded, event) => decider.evolve(folded, event), state);
  return { elapsed, answer: decider.decide(command, state, { now }) };
}
