import type { AnyDecider } from './decider.js';
import { isTracing, type SpanOptions, traceEach } from './tracing.js';
import type { Group } from './turn.js';

/** The step of a command on one stream or several. Tells its kind and its streams, and nothing of what it says. */
export function commandSpan(
  commands: readonly { readonly on: AnyDecider; readonly id: string; readonly command: unknown }[],
): SpanOptions {
  const [first] = commands;
  const category = first?.on.category ?? '';
  const type = typeOf(first?.command);
  return {
    name: `command ${type ?? category}`,
    kind: 'internal',
    attributes: {
      'einklang.category': category,
      'einklang.stream': `${category}-${first?.id}`,
      'einklang.streams': commands.length,
      ...(type !== undefined && { 'einklang.command': type }),
    },
  };
}

/** Runs the one append of a group with a span below each of its recorded commands. */
export const traceAppend = <Result>(group: Group, append: () => Promise<Result>): Promise<Result> =>
  isTracing()
    ? traceEach(
        group.members.map(({ waiting }) => waiting),
        () => ({
          name: 'append',
          kind: 'client',
          attributes: { 'einklang.batch.commands': group.members.length, 'einklang.batch.streams': group.events.size },
        }),
        append,
      )
    : append();

const typeOf = (command: unknown): string | undefined =>
  typeof command === 'object' && command !== null && 'type' in command && typeof command.type === 'string'
    ? command.type
    : undefined;
