import { z } from 'zod';

export type ColumnType =
  | 'text'
  | 'boolean'
  | 'integer'
  | 'bigint'
  | 'numeric'
  | 'double precision'
  | 'date'
  | 'timestamptz'
  | 'jsonb';

/** What a column of a view holds, for the database and for those who read it. */
export interface Column<Value = unknown> {
  readonly type: ColumnType;
  /** Compared byte by byte, as JavaScript does. */
  readonly collation?: 'C';
  readonly nullable: boolean;
  /** What it means, in a few words. */
  readonly description: string;
  /** What its numbers count, or what its times are. */
  readonly unit?: string;
  /** All that it can be; absent where it can be anything of its type. */
  readonly values?: readonly string[];
  /** Its values in an answer of an API. */
  readonly shape: z.ZodType<Value>;
}

/** The kinds of columns, each with what its values mean. A {@link orNull} makes one that may be empty. */
export const column = {
  /** An id or a code: what is a key, or is paged by. */
  code: <Value extends string = string>(description: string): Column<Value> => ({
    ...of('text', z.string() as unknown as z.ZodType<Value>, description),
    collation: 'C',
  }),
  text: (description: string): Column<string> => of('text', z.string(), description),
  oneOf: <const Value extends string>(values: readonly Value[], description: string): Column<Value> => ({
    ...of('text', z.enum(values), description),
    values,
  }),
  boolean: (description: string): Column<boolean> => of('boolean', z.boolean(), description),
  /** A number that no sum makes large. */
  integer: (description: string, unit?: string): Column<number> => of('integer', z.int(), description, unit),
  count: (description: string, unit?: string): Column<number> => of('bigint', z.int(), description, unit),
  /** Of goods. */
  units: (description: string): Column<number> => of('bigint', z.int(), description, 'units'),
  /** Of the currency that stands beside it. */
  money: (description: string): Column<number> => of('bigint', z.int(), description, 'minor units'),
  /** Of money, over so many rows that no integer is sure to hold it. Rows are read with a number. */
  moneySum: (description: string): Column<number> => of('numeric', z.int(), description, 'minor units'),
  /** ISO 8601 in UTC. */
  instant: (description: string): Column<string> => of('timestamptz', z.string(), description),
  /** `2026-01-31`, in UTC. */
  day: (description: string): Column<string> => of('date', z.string(), description, 'UTC day'),
  json: <Value extends object>(description: string): Column<Value> => of('jsonb', z.custom<Value>(), description),
};

/** The same column, which is empty where there is no such thing. */
export const orNull = <Value>(column: Column<Value>): Column<Value | null> => ({
  ...column,
  nullable: true,
  shape: column.shape.nullable(),
});

export type Columns = Readonly<Record<string, Column>>;

export type ValueOf<Of> = Of extends Column<infer Value> ? Value : never;

/** A row of such columns. */
export type ValuesOf<Of extends Columns> = { -readonly [Field in keyof Of]: ValueOf<Of[Field]> };

/** `locationId` is kept in `location_id`. */
export const columnNameOf = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** What a column means, with its unit. */
export const meaningOf = ({ description, unit }: Column): string =>
  unit === undefined ? description : `${description} (${unit})`;

/** What to select for a row of these columns; `alias` is that of their table. */
export const selectFields = (columns: Columns, alias?: string): string =>
  Object.entries(columns)
    .map(([field, { type }]) => {
      const name = `${alias === undefined ? '' : `${alias}.`}"${columnNameOf(field)}"`;
      return `${name}${type === 'numeric' ? '::double precision' : ''} as "${field}"`;
    })
    .join(', ');

const of = <Value>(type: ColumnType, shape: z.ZodType<Value>, description: string, unit?: string): Column<Value> => ({
  type,
  shape,
  description,
  nullable: false,
  ...(unit !== undefined && { unit }),
});
