import type { z } from 'zod';
import type { CallerMetadata, CommandRunner, Decider, DomainEvent, EventMetadata, Outcome } from '#event-sourcing';
import { occurred } from '../occurred.js';
import {
  type Answered,
  type Asked,
  type FieldsShape,
  type InputFrom,
  type NoPath,
  type Ordered,
  type PathShape,
  type Shape,
  type Slice,
  SliceCommand,
  SliceQuery,
} from './slice.js';
import type { Slices } from './slices.js';

type Eventually<Value> = Promise<Value> | Value;
type Parameters<Path extends PathShape> = InputFrom<Path, undefined, undefined>;

/** What the slices of every service work with. */
export interface SliceParts {
  readonly commands: Pick<CommandRunner, 'execute'>;
}

/** What all commands on one aggregate have in common. */
export interface Aggregate<
  Command,
  Event extends DomainEvent,
  State,
  Path extends PathShape,
  Answer extends z.ZodType,
> {
  readonly on: Decider<Command, Event, State>;
  /** The parameters of the path that name it. */
  readonly path: Path;
  id(parameters: Parameters<Path>): string;
  readonly answer: Answer;
  answerOf(id: string, outcome: Outcome<Event>): Answered<z.output<Answer>>;
}

/**
 * Declares the commands and questions of one service, whose name is their tag in OpenAPI. `Parts` is what they work with:
 * {@link serve} takes it when the service is put together.
 */
export class ServiceSlices<Parts extends SliceParts> {
  constructor(readonly name: string) {}

  /** From now on the slices of this service work with `parts` in the process that `slices` stands for. */
  serve(slices: Slices, parts: Parts): void {
    slices.parts.set(this, parts);
  }

  /** A command that is something else than one decision of one aggregate. */
  command<
    Answer extends z.ZodType,
    Path extends PathShape = NoPath,
    Query extends FieldsShape = undefined,
    Body extends FieldsShape = undefined,
  >(
    declared: Shape<Path, Query, Body, Answer> & {
      execute(
        input: InputFrom<Path, Query, Body>,
        parts: Parts,
        metadata: CallerMetadata,
      ): Eventually<Answered<z.output<Answer>>>;
    },
  ) {
    type Request = Ordered<InputFrom<Path, Query, Body>>;
    const work = async ({ input, metadata }: Request, slices: Slices) =>
      declared.execute(input, this.partsIn(slices), metadata);
    return this.slice('command', declared, (request: Request) => new SliceCommand(work, request));
  }

  /**
   * Gives what declares commands that are one decision on one aggregate each: `command` makes it from the input. A time at which
   * it happened (`occurredAt`) becomes that of the events.
   */
  commandsOn<Command, Event extends DomainEvent, State, Named extends PathShape, Answer extends z.ZodType>(
    aggregate: Aggregate<Command, Event, State, Named, Answer>,
  ) {
    return <
      Path extends PathShape = NoPath,
      Query extends FieldsShape = undefined,
      Body extends FieldsShape = undefined,
    >(
      declared: Omit<Shape<Path, Query, Body>, 'answer'> & {
        command(
          input: InputFrom<Named & Path, Query, Body>,
          parts: Parts,
          metadata: EventMetadata,
        ): Eventually<Command>;
      },
    ) =>
      this.command({
        ...declared,
        answer: aggregate.answer,
        conditional: true,
        path: { ...aggregate.path, ...declared.path } as Named & Path,
        execute: async (input, parts, metadata) => {
          const id = aggregate.id(input);
          const command = await declared.command(input, parts, metadata);
          const happened = 'occurredAt' in input ? occurred(input, metadata) : metadata;
          return aggregate.answerOf(
            id,
            await parts.commands.execute({ on: aggregate.on, id, command, metadata: happened }),
          );
        },
      });
  }

  query<
    Answer extends z.ZodType,
    Path extends PathShape = NoPath,
    Query extends FieldsShape = undefined,
    Body extends FieldsShape = undefined,
  >(
    declared: Shape<Path, Query, Body, Answer> & {
      execute(input: InputFrom<Path, Query, Body>, parts: Parts): Eventually<Answered<z.output<Answer>>>;
    },
  ) {
    type Request = Asked<InputFrom<Path, Query, Body>>;
    const work = async ({ input }: Request, slices: Slices) => declared.execute(input, this.partsIn(slices));
    return this.slice('query', declared, (request: Request) => new SliceQuery(work, request));
  }

  private slice<Request, Sent>(
    kind: Slice['kind'],
    shape: Shape,
    send: (request: Request) => Sent,
  ): Slice<Request, Sent> {
    return Object.assign(send, { service: this.name, kind, shape });
  }

  private partsIn(slices: Slices): Parts {
    const parts = slices.parts.get(this);
    if (parts === undefined) throw new Error(`Nothing serves the slices of ${this.name} in this process.`);
    return parts as Parts;
  }
}
