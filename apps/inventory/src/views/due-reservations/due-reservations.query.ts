import { toIso } from '#kernel';
import type { ReadModels } from '#read-models';

/** Which holds are due, for the process that lets them expire. */
export class DueReservations {
  constructor(private readonly readModels: Pick<ReadModels, 'query'>) {}

  /** When the first hold of any SKU but these is due, in milliseconds since 1970; undefined where nothing is held. */
  async firstDueAt(except: readonly string[]): Promise<number | undefined> {
    const [first] = await this.readModels.query<{ due: string | null }>(
      'select min(due_at) as due from view_due_reservations.holds where sku <> all($1)',
      [except],
    );
    return first?.due ? Date.parse(first.due) : undefined;
  }

  /** Up to `limit` SKUs with holds that are due by `now`, without these. */
  async skusDueBy(now: number, limit: number, except: readonly string[]): Promise<readonly string[]> {
    const rows = await this.readModels.query<{ sku: string }>(
      'select distinct sku from view_due_reservations.holds where due_at <= $1 and sku <> all($3) limit $2',
      [toIso(now), limit, except],
    );
    return rows.map(({ sku }) => sku);
  }
}
