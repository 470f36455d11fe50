import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type JsonClient, mayGoBetterLater, problemSchema } from '#client';

/**
 * Posts `{<field>: entries}`, each entry serialised already, and answers a result per entry. Where some were not taken for
 * want of room, all are sent again after a pause: every entry has an id, so those that were taken change nothing.
 */
export async function postBulk(
  api: JsonClient,
  path: string,
  field: string,
  entries: readonly string[],
): Promise<readonly BulkResult[]> {
  if (entries.length === 0) return [];
  for (let attempt = 1; ; attempt += 1) {
    const { results } = await api.post(path, `{"${field}":[${entries.join(',')}]}`, bulkAnswer);
    if (results.length !== entries.length)
      throw new Error(`${path} answered ${results.length} of ${entries.length} entries.`);
    const isOverloaded = results.some((result) => isProblem(result) && mayGoBetterLater(result.problem.status));
    if (!isOverloaded || attempt >= MAX_ATTEMPTS) return results;
    await delay(PAUSE_MS);
  }
}

const MAX_ATTEMPTS = 60;
const PAUSE_MS = 500;

const refused = z.object({ problem: problemSchema });
const taken = z.looseObject({ status: z.string().optional(), repeated: z.boolean().optional() });

/** What a bulk route answers: a result per entry, in their order. */
const bulkAnswer = z.object({ results: z.array(z.union([refused, taken])), position: z.int().optional() });
export type BulkResult = z.output<typeof bulkAnswer>['results'][number];
export type RefusedResult = z.output<typeof refused>;

export const isProblem = (result: BulkResult): result is RefusedResult => 'problem' in result;

/** What became of an entry, in a word: as the route says it, or whether it had been taken before. */
export function outcomeOf(result: BulkResult): string {
  if (isProblem(result)) return 'refused';
  return result.status ?? (result.repeated ? 'repeated' : 'recorded');
}
