import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import { z } from 'zod';

/** What a .proto file of libs/contracts declares, with the names that its fields have in our code. */
export class ProtoFile {
  private readonly definition: object;

  /** `file` below libs/contracts/proto; its service and messages are in `package`. */
  constructor(
    file: string,
    private readonly packageName: string,
  ) {
    this.definition = loadSync(fileURLToPath(new URL(file, PROTO_ROOT)));
  }

  methodsOf(service: string): string[] {
    return Object.keys(Object(this.declared(service))).toSorted();
  }

  /** Names of all fields of a message, those of messages within it behind the name of the field: `lines.sku`. */
  pathsOf(message: string): string[] {
    return this.fieldsOf(message).flatMap(({ name, type, typeName }) => {
      const field = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      // The entry of a map is no message of its own.
      const isMessage = type === 'TYPE_MESSAGE' && this.declared(typeName) !== undefined;
      return isMessage ? this.pathsOf(typeName).map((path) => `${field}.${path}`) : [field];
    });
  }

  /** Paths of a message as far as `schema` says what they hold: what it takes whole, such as a record, is one. */
  pathsLike(message: string, schema: z.ZodType): string[] {
    const leaves = pathsOfSchema(schema);
    const paths = this.pathsOf(message).map((path) => leaves.find((leaf) => path.startsWith(`${leaf}.`)) ?? path);
    return [...new Set(paths)].toSorted();
  }

  private fieldsOf(message: string) {
    return messageType.parse(this.declared(message)).type.field;
  }

  private declared(name: string): unknown {
    return Reflect.get(this.definition, `${this.packageName}.${name}`);
  }
}

const PROTO_ROOT = new URL('../../contracts/proto/', import.meta.url);
const messageType = z.object({
  type: z.object({
    field: z.array(z.object({ name: z.string(), type: z.string(), typeName: z.string() })),
  }),
});

interface RequestShape {
  readonly path?: Readonly<Record<string, z.ZodType>>;
  readonly query?: FieldsSchema;
  readonly body?: FieldsSchema;
  /** Its message may name the revision that its sender had read. */
  readonly conditional?: boolean;
}
type FieldsSchema = z.ZodObject | z.ZodUnion<readonly z.ZodObject[]> | undefined;

/** All fields of the request of a slice side by side, as its message in a .proto file must have them. */
export const messageSchemaOf = ({ shape }: { readonly shape: RequestShape }): z.ZodObject =>
  z.object({
    ...shape.path,
    ...fieldsIn(shape.query),
    ...fieldsIn(shape.body),
    ...(shape.conditional && { expectedRevision: z.int() }),
  });

const fieldsIn = (schema: FieldsSchema): z.core.$ZodShape =>
  schema instanceof z.ZodUnion ? Object.assign({}, ...schema.options.map(({ shape }) => shape)) : (schema?.shape ?? {});

/** The names of all fields of a schema, like {@link ProtoFile.pathsOf}. */
export function pathsOfSchema(schema: z.core.$ZodType): string[] {
  const { shape } = objectWithin(schema) ?? { shape: {} };
  return Object.entries<z.core.$ZodType>(shape)
    .flatMap(([name, field]) => {
      const within = objectWithin(field) ? pathsOfSchema(field) : [];
      return within.length === 0 ? [name] : within.map((path) => `${name}.${path}`);
    })
    .toSorted();
}

/** The object that a field is, or that the items of a list are. */
function objectWithin(schema: z.core.$ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodArray) return objectWithin(schema.element);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return objectWithin(schema.unwrap());
  return undefined;
}
