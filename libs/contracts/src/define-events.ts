import type { z } from 'zod';

/** One stored event: when it is true, its shape, and a sample of every version ever written. */
export interface EventDefinition<Data extends z.ZodType = z.ZodType> {
  /** When the event is true, as a sentence. */
  readonly when: string;
  readonly data: Data;
}

export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

/** The union of the events of a definition, discriminated by `type`. */
export type EventOf<Definitions extends EventDefinitions> = {
  [Type in keyof Definitions & string]: {
    readonly type: Type;
    readonly data: z.output<Definitions[Type]['data']>;
  };
}[keyof Definitions & string];

/** Keeps the literal names and shapes of a set of events. */
export const defineEvents = <Definitions extends EventDefinitions>(definitions: Definitions): Definitions =>
  definitions;

/** The stored names of a set of events. */
export const typesOf = <Definitions extends EventDefinitions>(
  definitions: Definitions,
): (keyof Definitions & string)[] => Object.keys(definitions);
