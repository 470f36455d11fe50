import { z } from 'zod';
import { InvalidRequest } from './invalid-request.js';
import { type Problem, refusalFor, rowProblem } from './problem.js';
import { compiled, issuesFrom, MAX_ISSUES } from './validation.pipe.js';

/** A row of a bulk request as its schema hands it on, or what is wrong with it, with pointers into the row. */
export type Row<Value> = Value | InvalidRequest;

/**
 * The rows of a bulk request, 1 to `max`. Each is checked by itself, so that a wrong one has a result of its own and the others
 * are taken. The documentation says what a row should be, and that anything gets a result.
 */
export function rowsOf<Schema extends z.ZodType>(schema: Schema, max: number) {
  return z
    .array(z.unknown().meta({ anyOf: [documented(schema), {}] }))
    .min(1, 'Send at least one row.')
    .max(max, `Send at most ${max} rows.`)
    .transform((rows): Row<z.output<Schema>>[] => rows.map((row) => checked(schema, row)));
}

/** What a bulk route answers: a result per row, in the order of the rows: the answer, or the problem of that row alone. */
export const bulkResults = <Answer extends z.ZodType>(answer: Answer) =>
  z.object({ results: z.array(z.union([answer, z.strictObject({ problem: rowProblem })])) });

export interface RowProblem {
  readonly problem: Problem;
}

export interface BulkResult<Answer> {
  readonly results: readonly (Answer | RowProblem)[];
}

/** Works on each sound row. A fault (not a refusal) of one is thrown, so that the caller sends all of them again. */
export async function resultsOf<Value, Answer>(
  rows: readonly Row<Value>[],
  work: (row: Value, index: number) => Promise<Answer>,
): Promise<BulkResult<Answer>> {
  const settled = await Promise.allSettled(
    rows.map((row, index) => (row instanceof InvalidRequest ? Promise.reject(row) : work(row, index))),
  );
  return { results: settled.map((row) => (row.status === 'fulfilled' ? row.value : problemOf(row.reason))) };
}

/** As {@link resultsOf}, where all sound rows are worked on at once: `work` gives a result for each, an Error for a refused one. */
export async function resultsTogether<Value, Answer>(
  rows: readonly Row<Value>[],
  work: (rows: readonly Value[]) => Promise<readonly (Answer | Error)[]>,
): Promise<readonly (Answer | RowProblem)[]> {
  const sound = rows.filter((row): row is Exclude<Row<Value>, InvalidRequest> => !(row instanceof InvalidRequest));
  const answers = (sound.length === 0 ? [] : await work(sound)).values();
  return rows.map((row) => {
    const answer = row instanceof InvalidRequest ? row : answers.next().value;
    if (answer === undefined) throw new Error('A row got no result.');
    return answer instanceof Error ? problemOf(answer) : answer;
  });
}

const problemOf = (error: unknown): RowProblem => ({ problem: refusalFor(error) });

function checked<Schema extends z.ZodType>(schema: Schema, row: unknown): Row<z.output<Schema>> {
  const result = compiled(schema).safeParse(row);
  if (result.success) return result.data;
  return new InvalidRequest(result.error.issues.flatMap((issue) => issuesFrom(issue, 'body', [])).slice(0, MAX_ISSUES));
}

/** A schema with a name of its own is documented where it is a body; another is written out. */
function documented(schema: z.ZodType): object {
  const id = schema.meta()?.id;
  if (id !== undefined) return { $ref: `#/components/schemas/${id}` };
  return z.toJSONSchema(schema, { io: 'input', target: 'openapi-3.0' });
}
