import { Command, Query } from '@nestjs/cqrs';
import type { z } from 'zod';
import type { CallerMetadata } from '#event-sourcing';
import type { Refusals } from '../http/problems.decorator.js';
import type { Slices } from './slices.js';

/** Named parameters of a path, in the order in which they stand there. */
export type PathShape = Readonly<Record<string, z.ZodType>>;
/** The fields of a body or of a query string, if there are any; a union where one of several sets of fields is sent. */
export type FieldsShape = z.ZodObject | z.ZodUnion<readonly z.ZodObject[]> | undefined;
export type NoPath = Readonly<Record<never, z.ZodType>>;

/** What one route takes and answers, declared once: types, validation, OpenAPI and the messages of gRPC come from it. */
export interface Shape<
  Path extends PathShape = PathShape,
  Fields extends FieldsShape = FieldsShape,
  Body extends FieldsShape = FieldsShape,
  Answer extends z.ZodType = z.ZodType,
> {
  /** An order such as `SetSafetyStock` or a question such as `StockOfSku`; the id of the operation in OpenAPI. */
  readonly name: string;
  readonly summary: string;
  readonly path?: Path;
  readonly query?: Fields;
  readonly body?: Body;
  readonly answer: Answer;
  /** Of success: 200 unless given. */
  readonly status?: number;
  /** What success means, where its status does not say it. */
  readonly success?: string;
  /** The other status of success, where the controller chooses, and what it means. */
  readonly otherSuccess?: { readonly status: number; readonly success: string };
  /** Codes by the kind of `Rejected` that carries them. */
  readonly refusals?: Refusals;
  /** A command for one aggregate, which may come with the revision its caller had read (If-Match). */
  readonly conditional?: boolean;
  /** Of a question: the revision of the one aggregate that the answer shows, for its ETag. */
  revision?(answer: Answered<z.output<Answer>>): number | undefined;
  /** Where bodies may be larger than those of most routes. */
  readonly bodyLimitBytes?: number;
}

/** All fields of a request, wherever they stand in it. */
export type InputFrom<Path extends PathShape, Fields, Body> = {
  readonly [Name in keyof Path]: z.output<Path[Name]>;
} & OutputOf<Fields> &
  OutputOf<Body>;

type OutputOf<Of> = Of extends z.ZodType ? Readonly<z.output<Of>> : unknown;

/** What a schema describes, as code gives it that changes nothing in it. */
export type Answered<Value> = Value extends object ? { readonly [Key in keyof Value]: Answered<Value[Key]> } : Value;

/** A question as it came in. */
export interface Asked<Input> {
  readonly input: Input;
}

/** A command as it came in. */
export interface Ordered<Input> extends Asked<Input> {
  readonly metadata: CallerMetadata;
}

/** A declared route. Called with a request it makes what the bus takes. */
export interface Slice<Request = never, Sent = unknown> {
  (request: Request): Sent;
  readonly service: string;
  readonly kind: 'command' | 'query';
  readonly shape: Shape;
}

/** The parameter of a route: `@Input() input: InputOf<typeof setSafetyStock>`. */
export type InputOf<Declared> = Declared extends (request: infer Request extends Asked<unknown>) => unknown
  ? Request
  : never;

type Work<Request, Answer> = (request: Request, slices: Slices) => Promise<Answer>;

/** What `CommandBus` takes: a request, and the slice that knows what to do with it. */
export class SliceCommand<Request, Answer> extends Command<Answer> {
  constructor(
    readonly work: Work<Request, Answer>,
    readonly request: Request,
  ) {
    super();
  }
}

/** What `QueryBus` takes: a question, and the slice that knows the answer. */
export class SliceQuery<Request, Answer> extends Query<Answer> {
  constructor(
    readonly work: Work<Request, Answer>,
    readonly request: Request,
  ) {
    super();
  }
}
