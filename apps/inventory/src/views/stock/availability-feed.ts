import type { AvailabilityChange, AvailabilityFeed } from '#contracts';
import { type ReadModels, Runners } from '#read-models';
import { type StockRow, stockProjection, stockTable } from './stock.projection.js';

const ROWS_PER_BATCH = 1_000;
/** Although the view has not moved. */
const LOOK_AGAIN_MS = 600_000;

/** The stock view read as a feed: rows by the position that last changed them. */
export class StockViewFeed implements AvailabilityFeed {
  constructor(
    private readonly readModels: ReadModels,
    private readonly runners: Runners,
  ) {}

  async *follow({
    after,
    signal,
  }: {
    readonly after: number;
    readonly signal: AbortSignal;
  }): AsyncIterable<readonly AvailabilityChange[]> {
    const runner = this.runners.projection(stockProjection.name);
    let sequence = after;
    let late = new Set<string>();
    while (!signal.aborted) {
      const seen = runner.position;
      const rows = (await this.rowsAfter(sequence)).filter((row) => !row.late || !late.has(keyOf(row)));
      const last = rows.at(-1);
      if (last) {
        if (last.sequence > sequence) late = new Set();
        sequence = last.sequence;
        for (const row of rows) if (row.late && row.sequence === sequence) late.add(keyOf(row));
        yield rows.map(changeOf);
      } else {
        await runner.waitUntilPast(Math.max(seen, sequence), LOOK_AGAIN_MS, signal);
      }
    }
  }

  async settled(timeoutMs: number): Promise<number> {
    await this.runners.settled(stockProjection.name, 'when-an-order-changes-follow-with-stock', timeoutMs);
    const [row] = await this.readModels.query<{ sequence: number | null }>(
      'select max(sequence) as sequence from view_stock.stock',
    );
    return row?.sequence ?? 0;
  }

  /** Rows that one policy change touched share a sequence and are never torn apart; late ones may join where we are. */
  private rowsAfter(sequence: number): Promise<FedRow[]> {
    return this.readModels.query<FedRow>(
      `select ${stockTable.select(FED)} from view_stock.stock
        where sequence >= $1 and (sequence > $1 or late)
       order by sequence fetch first ${ROWS_PER_BATCH} rows with ties`,
      [sequence],
    );
  }
}

const FED = ['sku', 'revision', 'available', 'sequence', 'late', 'receivedAt', 'traceparent'] as const;
type FedRow = Pick<StockRow, (typeof FED)[number]>;

const keyOf = ({ sku, available }: FedRow): string => JSON.stringify([sku, available]);

const changeOf = ({ sku, revision, available, sequence, receivedAt, traceparent }: FedRow): AvailabilityChange => ({
  sequence,
  sku,
  stockRevision: revision,
  available,
  receivedAt,
  ...(traceparent !== null && { traceparent }),
});
