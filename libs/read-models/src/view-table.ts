import { EntitySchema } from 'typeorm';
import { z } from 'zod';
import {
  type Column,
  type Columns,
  columnNameOf,
  meaningOf,
  selectFields,
  type ValueOf,
  type ValuesOf,
} from './columns.js';
import type { Tx } from './read-models.js';

type FieldIn<Of> = keyof Of & string;

export interface TableOptions<Of extends Columns, Key extends FieldIn<Of>> {
  /** Unique within its view. */
  readonly name: string;
  /** By the name they have in rows and answers: `locationId` is the column `location_id`. */
  readonly columns: Of;
  /** The primary key. */
  readonly key: readonly [Key, ...Key[]];
  /** By name: for readers, as they are missing while the view is rebuilt. */
  readonly indexes?: Readonly<Record<string, IndexOn<FieldIn<Of>>>>;
  /** Percent of a page that inserts fill, so that updates find room in it. */
  readonly fillfactor?: number;
}

/** Fields in order; with `where`, a condition in SQL, of some rows only. */
export type IndexOn<Field> = readonly Field[] | { readonly on: readonly Field[]; readonly where: string };

/** The row of a table. */
export type RowOf<Table> = Table extends ViewTable<infer Of, infer _Key> ? ValuesOf<Of> : never;

/** What no integer is sure to hold may be added up in a bigint. */
type Written<Value> = Value extends number ? number | bigint : Value;

export interface UpsertOptions<Field> {
  /** A row already there is only replaced by one in which this field is greater. */
  readonly guard?: Field;
  /** Fields in which a row already there gets the new value added to its own. */
  readonly add?: readonly Field[];
}

/** Declares a table of a view once: row type, SQL, answers and what analysts read about it follow from it. */
export const defineTable = <const Of extends Columns, const Key extends FieldIn<Of>>(
  options: TableOptions<Of, Key>,
): ViewTable<Of, Key> => new ViewTable(options);

/** One table of a view. Its statements name it unqualified, as is right inside `apply`. */
export class ViewTable<Of extends Columns = Columns, Key extends FieldIn<Of> = FieldIn<Of>> {
  readonly name: string;
  readonly columns: Of;
  readonly key: readonly [Key, ...Key[]];
  /** The table as TypeORM knows it. */
  readonly entity: EntitySchema;
  readonly #fields: readonly FieldIn<Of>[];
  readonly #indexes: readonly (readonly [name: string, fields: readonly string[], where: string | undefined])[];
  readonly #fillfactor: number | undefined;

  constructor({ name, columns, key, indexes = {}, fillfactor }: TableOptions<Of, Key>) {
    this.name = name;
    this.columns = columns;
    this.key = key;
    this.#fields = Object.keys(columns);
    this.#indexes = Object.entries<IndexOn<FieldIn<Of>>>(indexes).map(([index, on]) =>
      'where' in on ? [index, on.on, on.where] : [index, on, undefined],
    );
    this.#fillfactor = fillfactor;
    this.entity = this.#entityOf();
  }

  /** The statement that makes the empty table; unlogged, it is filled faster, and a crash empties it. */
  createTable({ unlogged = false } = {}): string {
    const definitions = Object.entries(this.columns).map(([field, { type, collation, nullable }]) =>
      [quoted(columnNameOf(field)), type, collation ? `collate "${collation}"` : '', nullable ? '' : 'not null'].join(
        ' ',
      ),
    );
    const columns = [...definitions, `primary key (${list(this.key)})`].join(', ');
    const storage = this.#fillfactor === undefined ? '' : ` with (fillfactor = ${this.#fillfactor})`;
    return `create ${unlogged ? 'unlogged' : ''} table ${quoted(this.name)} (${columns})${storage}`;
  }

  /** The statements that make its indexes. */
  createIndexes(): readonly string[] {
    return this.#indexes.map(
      ([name, fields, where]) =>
        `create index ${quoted(name)} on ${quoted(this.name)} (${list(fields)})${where === undefined ? '' : ` where ${where}`}`,
    );
  }

  /** What to select for rows with these fields, or with all; `alias` is that of the table. */
  select(fields: readonly FieldIn<Of>[] = this.#fields, alias = this.name): string {
    return selectFields(Object.fromEntries(fields.map((field) => [field, this.#column(field)])), alias);
  }

  /** Inserts or updates all rows with one statement: at most one row per key. Does nothing without rows. */
  async upsert(
    tx: Tx,
    rows: readonly { readonly [Field in keyof Of]: Written<ValueOf<Of[Field]>> }[],
    { guard, add = [] }: UpsertOptions<FieldIn<Of>> = {},
  ): Promise<void> {
    if (rows.length === 0) return;
    const keys: readonly string[] = this.key;
    const assignments = this.#fields
      .filter((field) => !keys.includes(field))
      .map((field) => {
        const name = quoted(columnNameOf(field));
        return `${name} = ${add.includes(field) ? `t.${name} + ` : ''}excluded.${name}`;
      });
    const newer = guard && quoted(columnNameOf(guard));
    await tx.execute(
      `insert into ${quoted(this.name)} as t (${list(this.#fields)})
       select * from ${this.#unnest(this.#fields)}
       on conflict (${list(this.key)}) do ${assignments.length === 0 ? 'nothing' : `update set ${assignments.join(', ')}`}
       ${newer === undefined ? '' : `where excluded.${newer} > t.${newer}`}`,
      this.#arraysOf(this.#fields, rows),
    );
  }

  /** Deletes the rows with these keys with one statement. */
  async delete(tx: Tx, keys: readonly Pick<ValuesOf<Of>, Key>[]): Promise<void> {
    if (keys.length === 0) return;
    await tx.execute(
      `delete from ${quoted(this.name)} t using ${this.#unnest(this.key)} as k (${list(this.key)}) where ${this.#sameKey()}`,
      this.#arraysOf(this.key, keys),
    );
  }

  /** The stored rows with these keys, for a fold that needs what was there before; keys without a row are left out. */
  async byKeys<Field extends FieldIn<Of> = FieldIn<Of>>(
    tx: Tx,
    keys: readonly Pick<ValuesOf<Of>, Key>[],
    fields?: readonly Field[],
  ): Promise<Pick<ValuesOf<Of>, Field>[]> {
    if (keys.length === 0) return [];
    return tx.query<Pick<ValuesOf<Of>, Field>>(
      `select ${this.select(fields, 't')} from ${quoted(this.name)} t join ${this.#unnest(this.key)} as k (${list(this.key)}) on ${this.#sameKey()}`,
      this.#arraysOf(this.key, keys),
    );
  }

  /** The shape of an answer with these fields of a row. */
  answer<const Field extends FieldIn<Of>>(...fields: readonly Field[]) {
    const shapes = fields.map((field) => {
      const column = this.#column(field);
      return [field, column.shape.meta({ description: meaningOf(column) })];
    });
    return z.object(Object.fromEntries(shapes) as { [Each in Field]: z.ZodType<ValueOf<Of[Each]>> });
  }

  #entityOf(): EntitySchema {
    const keys: readonly string[] = this.key;
    const columns = Object.entries(this.columns).map(([field, { type, collation, nullable, description }]) => [
      field,
      {
        name: columnNameOf(field),
        type,
        nullable,
        comment: description,
        ...(collation && { collation }),
        ...(keys.includes(field) && { primary: true, primaryKeyConstraintName: `${this.name}_pkey` }),
      },
    ]);
    const indices = this.#indexes.map(([name, fields, where]) => ({
      name,
      columns: [...fields],
      ...(where !== undefined && { where }),
    }));
    return new EntitySchema({ name: this.name, columns: Object.fromEntries(columns), indices });
  }

  #sameKey(): string {
    return this.key.map((field) => `t.${quoted(columnNameOf(field))} = k.${quoted(columnNameOf(field))}`).join(' and ');
  }

  #unnest(fields: readonly FieldIn<Of>[]): string {
    return `unnest(${fields.map((field, index) => `$${index + 1}::${this.#column(field).type}[]`).join(', ')})`;
  }

  #arraysOf<Field extends FieldIn<Of>>(
    fields: readonly Field[],
    rows: readonly Readonly<Record<NoInfer<Field>, unknown>>[],
  ) {
    return fields.map((field) => {
      const isJson = this.#column(field).type === 'jsonb';
      return rows.map((row) => (isJson ? jsonOf(row[field]) : row[field]));
    });
  }

  #column(field: FieldIn<Of>): Column {
    const found = this.columns[field];
    if (!found) throw new Error(`Table ${this.name} has no column for ${field}.`);
    return found;
  }
}

const quoted = (name: string): string => `"${name}"`;
const list = (fields: readonly string[]): string => fields.map((field) => quoted(columnNameOf(field))).join(', ');

const jsonOf = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);
