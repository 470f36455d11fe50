import { z } from 'zod';
import { refusalFor, rowProblem } from '#platform';

/** One result per line, in the order of the lines: the answer, or the problem of that line alone. */
export const bulkResults = <Answer extends z.ZodType>(answer: Answer) =>
  z.object({
    results: z.array(z.union([answer, z.strictObject({ problem: rowProblem })])),
  });

export interface BulkResult<Answer> {
  readonly results: readonly (Answer | { readonly problem: object })[];
}

/** Waits for all lines; a fault (not a refusal) of one is thrown, so that the caller tries all of them again. */
export async function resultsOf<Answer>(lines: readonly Promise<Answer>[]): Promise<BulkResult<Answer>> {
  const settled = await Promise.allSettled(lines);
  return {
    results: settled.map((line) => {
      if (line.status === 'fulfilled') return line.value;
      return { problem: refusalFor(line.reason) };
    }),
  };
}
