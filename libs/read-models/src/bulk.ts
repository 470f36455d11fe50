import type { Tx } from './read-models.js';

export type ColumnType =
  | 'text'
  | 'uuid'
  | 'boolean'
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'numeric'
  | 'double precision'
  | 'date'
  | 'timestamptz'
  | 'jsonb';

/** Name and columns of a table, for the statements below. Names are unqualified inside `apply`. */
export interface TableShape<Columns extends Readonly<Record<string, ColumnType>>> {
  readonly table: string;
  /** Columns of the primary key. */
  readonly key: readonly (keyof Columns & string)[];
  /** Columns to write or read, the key included. */
  readonly columns: Columns;
}

export interface BulkUpsert<Columns extends Readonly<Record<string, ColumnType>>> extends TableShape<Columns> {
  /** At most one row per key: fold the page first. Missing values are stored as null. */
  readonly rows: readonly RowOf<Columns>[];
  /** A row already there is only replaced by one in which this column is greater. */
  readonly guard?: keyof Columns & string;
  /** Columns in which a row already there gets the new value added to its own. */
  readonly add?: readonly (keyof Columns & string)[];
}

type RowOf<Columns> = { readonly [Name in keyof Columns]?: unknown };

/** Inserts or updates all rows with one statement. Does nothing without rows. */
export async function bulkUpsert<const Columns extends Readonly<Record<string, ColumnType>>>(
  tx: Tx,
  { table, key, columns, rows, guard, add = [] }: BulkUpsert<Columns>,
): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(columns);
  const changed = names.filter((name) => !key.includes(name));
  const assignments = changed.map(
    (name) => `${quoted(name)} = ${add.includes(name) ? `t.${quoted(name)} + ` : ''}excluded.${quoted(name)}`,
  );
  await tx.execute(
    `insert into ${quoted(table)} as t (${list(names)})
     select * from ${unnest(columns)}
     on conflict (${list(key)}) do ${changed.length === 0 ? 'nothing' : `update set ${assignments.join(', ')}`}
     ${guard === undefined ? '' : `where excluded.${quoted(guard)} > t.${quoted(guard)}`}`,
    arraysOf(columns, rows),
  );
}

/** Deletes the rows with these keys with one statement. */
export async function bulkDelete<const Columns extends Readonly<Record<string, ColumnType>>>(
  tx: Tx,
  { table, key, columns, rows }: TableShape<Columns> & { readonly rows: readonly RowOf<Columns>[] },
): Promise<void> {
  if (rows.length === 0) return;
  const keyColumns = pick(columns, key);
  await tx.execute(
    `delete from ${quoted(table)} t using ${unnest(keyColumns)} as k (${list(key)}) where ${sameKey(key)}`,
    arraysOf(keyColumns, rows),
  );
}

/** The stored rows with these keys, for a fold that needs what was there before; keys without a row are left out. */
export async function selectByKeys<Row extends object, const Columns extends Readonly<Record<string, ColumnType>>>(
  tx: Tx,
  { table, key, columns, keys }: TableShape<Columns> & { readonly keys: readonly RowOf<Columns>[] },
): Promise<Row[]> {
  if (keys.length === 0) return [];
  const keyColumns = pick(columns, key);
  const selected = Object.keys(columns).map((name) => `t.${quoted(name)}`);
  return tx.query<Row>(
    `select ${selected.join(', ')} from ${quoted(table)} t join ${unnest(keyColumns)} as k (${list(key)}) on ${sameKey(key)}`,
    arraysOf(keyColumns, keys),
  );
}

const quoted = (name: string): string => `"${name}"`;
const list = (names: readonly string[]): string => names.map(quoted).join(', ');
const sameKey = (key: readonly string[]): string =>
  key.map((name) => `t.${quoted(name)} = k.${quoted(name)}`).join(' and ');

function unnest(columns: Readonly<Record<string, ColumnType>>): string {
  return `unnest(${Object.values(columns)
    .map((type, index) => `$${index + 1}::${type}[]`)
    .join(', ')})`;
}

function pick(columns: Readonly<Record<string, ColumnType>>, names: readonly string[]): Record<string, ColumnType> {
  return Object.fromEntries(Object.entries(columns).filter(([name]) => names.includes(name)));
}

function arraysOf(
  columns: Readonly<Record<string, ColumnType>>,
  rows: readonly RowOf<Record<string, unknown>>[],
): unknown[] {
  return Object.entries(columns).map(([name, type]) =>
    rows.map((row) => (type === 'jsonb' ? jsonOf(row[name]) : row[name])),
  );
}

const jsonOf = (value: unknown): string | null =>
  value === undefined || value === null ? null : JSON.stringify(value);
