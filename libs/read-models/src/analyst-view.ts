import { type Columns, columnNameOf, meaningOf } from './columns.js';
import type { Tx } from './read-models.js';
import type { ViewTable } from './view-table.js';

/** What analysts read in the schema `analytics`. */
export interface AnalystView {
  /** In snake_case, unique over all projections. */
  readonly name: string;
  /** What a row is, in a sentence; stored as the comment of the view. */
  readonly description: string;
  /** In the order of `select`; by field, as those of a table. Stored as the comments of the columns. */
  readonly columns: Columns;
  /** A SELECT over this projection's own tables, unqualified. */
  readonly select: string;
}

/** A table as analysts see it: the fields that are named, or all of them, in this order. */
export function analystsSee<Of extends Columns, Key extends keyof Of & string>(
  table: ViewTable<Of, Key>,
  {
    name = table.name,
    description,
    fields,
  }: { name?: string; description: string; fields?: readonly (keyof Of & string)[] },
): AnalystView {
  const shown = fields ?? Object.keys(table.columns);
  return {
    name,
    description,
    columns: Object.fromEntries(Object.entries(table.columns).filter(([field]) => shown.includes(field))),
    select: `select ${shown.map(columnNameOf).join(', ')} from ${table.name}`,
  };
}

/**
 * Points the analysts' views at the tables in the search path. Replaced in place where the columns allow it, so what
 * analysts built on top stays; where columns changed the view is made again, which fails while something depends on it.
 */
export async function createAnalystViews(tx: Tx, views: readonly AnalystView[]): Promise<void> {
  for (const { name, select } of views) {
    await tx.execute(`
      do $do$ begin
        create or replace view analytics."${name}" as ${select};
      exception when invalid_table_definition then
        drop view analytics."${name}";
        create view analytics."${name}" as ${select};
      end $do$`);
  }
  await describeAnalystViews(tx, views);
}

/** Says in the database what each view and each of its columns means, where it does not say so yet. */
export async function describeAnalystViews(db: Tx, views: readonly AnalystView[]): Promise<void> {
  if (views.length === 0) return;
  const comments = views.flatMap(commentsOf);
  const missing = await db.query<{ statement: string }>(
    `select statement from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as k (view, name, comment, statement)
       left join pg_attribute a on a.attrelid = to_regclass('analytics.' || quote_ident(view)) and a.attname = k.name
      where coalesce(a.attnum, 0) = 0 and obj_description(to_regclass('analytics.' || quote_ident(view)), 'pg_class') is distinct from comment
         or a.attnum > 0 and col_description(a.attrelid, a.attnum) is distinct from comment`,
    [
      comments.map(({ view }) => view),
      comments.map(({ column }) => column),
      comments.map(({ comment }) => comment),
      comments.map(({ statement }) => statement),
    ],
  );
  if (missing.length > 0) await db.execute(missing.map(({ statement }) => statement).join(';'));
}

function commentsOf({ name: view, description, columns }: AnalystView) {
  const ofColumns = Object.entries(columns).map(([field, column]) => {
    const name = columnNameOf(field);
    const comment = meaningOf(column);
    return {
      view,
      column: name,
      comment,
      statement: `comment on column analytics."${view}"."${name}" is ${literal(comment)}`,
    };
  });
  const statement = `comment on view analytics."${view}" is ${literal(description)}`;
  return [{ view, column: '', comment: description, statement }, ...ofColumns];
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
