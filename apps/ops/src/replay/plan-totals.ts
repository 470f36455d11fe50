import type { CsvRow } from '../csv/csv-rows.js';
import type { PlannedMovement, PlannedSale, PlanSink } from './planner.js';

/** What a plan adds up to. */
export class PlanTotals implements PlanSink {
  sales = 0;
  saleLines = 0;
  returnLines = 0;
  returnedUnits = 0;
  adjustmentLines = 0;
  /** Units found less units lost. */
  adjustedUnits = 0;
  rejectedRows = 0;
  readonly channels = new Map<string, { sales: number; lines: number; units: number }>();
  readonly otherLines = new Map<string, number>();

  sale({ channel, lines }: PlannedSale): void {
    const totals = this.channels.get(channel) ?? { sales: 0, lines: 0, units: 0 };
    this.channels.set(channel, totals);
    this.sales += 1;
    this.saleLines += lines.length;
    totals.sales += 1;
    totals.lines += lines.length;
    for (const { units } of lines) totals.units += units;
  }

  movement({ kind, units }: PlannedMovement): void {
    if (kind === 'return') {
      this.returnLines += 1;
      this.returnedUnits += units;
    } else {
      this.adjustmentLines += 1;
      this.adjustedUnits += units;
    }
  }

  other(label: string): void {
    this.otherLines.set(label, (this.otherLines.get(label) ?? 0) + 1);
  }

  rejected(_row: CsvRow, _reason: string): void {
    this.rejectedRows += 1;
  }

  /** Throws unless every row has become exactly one thing. */
  assertAccountsFor(rows: number): void {
    const accounted =
      this.saleLines + this.returnLines + this.adjustmentLines + this.otherLineCount + this.rejectedRows;
    if (accounted !== rows) throw new Error(`${rows} rows were read, but ${accounted} are accounted for.`);
  }

  get otherLineCount(): number {
    return this.otherLines.values().reduce((sum, count) => sum + count, 0);
  }
}
