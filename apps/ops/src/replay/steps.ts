import { idFrom, toIso } from '#kernel';
import type { CsvRow } from '../csv/csv-rows.js';
import type { Mapping } from './mapping.js';
import type { PlannedMovement, PlannedSale, PlanSink } from './planner.js';

/** What is sent together: sales and movements of one stretch of the file, and the rows that could not be used. */
export interface Step {
  /** From 1. The same file and mapping always give the same steps. */
  readonly number: number;
  readonly sales: Item[];
  readonly movements: Item[];
  readonly rejected: { readonly line: number; readonly reason: string; readonly text: string }[];
}

/** An entry of a bulk request. */
export interface Item {
  readonly json: string;
  /** Line of the file it begins at. */
  readonly line: number;
  /** Lines of the file it stands for. */
  readonly lines: number;
  readonly label: string;
}

export const MAX_SALES_PER_STEP = 500;
export const MAX_MOVEMENTS_PER_STEP = 1_000;
const MAX_REJECTED_PER_STEP = 1_000;
/** Characters of all sales of a step. At most three bytes each in UTF-8, and nearly always one; the API takes 8 MiB. */
const MAX_SALES_LENGTH = 2 * 1_048_576;

/** Packs a plan into steps. Take them out with {@link take} after every page of rows. */
export class StepPacker implements PlanSink {
  readonly #mapping: Mapping;
  readonly #fileId: string;
  #length = 0;
  #step = emptyStep(1);
  #full: Step[] = [];

  constructor(mapping: Mapping, fileId: string) {
    this.#mapping = mapping;
    this.#fileId = fileId;
  }

  /** The steps that are complete by now. */
  take(): Step[] {
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** The last steps. */
  end(): Step[] {
    const { sales, movements, rejected } = this.#step;
    if (sales.length + movements.length + rejected.length > 0) this.#cut();
    return this.take();
  }

  sale(sale: PlannedSale): void {
    const json = JSON.stringify(this.#saleBody(sale));
    if (this.#step.sales.length >= MAX_SALES_PER_STEP || this.#length + json.length > MAX_SALES_LENGTH) this.#cut();
    this.#length += json.length + 1;
    this.#step.sales.push({
      json,
      line: sale.line,
      lines: sale.lines.length,
      label: `sale ${sale.externalOrderId} on ${sale.channel}`,
    });
  }

  movement(movement: PlannedMovement): void {
    if (this.#step.movements.length >= MAX_MOVEMENTS_PER_STEP) this.#cut();
    const label = `${movement.kind} of ${movement.units} of ${movement.sku}`;
    this.#step.movements.push({
      json: JSON.stringify(this.#movementBody(movement)),
      line: movement.line,
      lines: 1,
      label,
    });
  }

  other(): void {
    // Counted, and not sent anywhere.
  }

  rejected({ line, text }: CsvRow, reason: string): void {
    if (this.#step.rejected.length >= MAX_REJECTED_PER_STEP) this.#cut();
    this.#step.rejected.push({ line, reason, text });
  }

  #cut(): void {
    this.#full.push(this.#step);
    this.#step = emptyStep(this.#step.number + 1);
    this.#length = 0;
  }

  #saleBody({ channel, externalOrderId, placedAtMs, customer, lines }: PlannedSale): object {
    return {
      channel,
      externalOrderId,
      messageId: `replay/${this.#fileId}/${externalOrderId}`,
      placedAt: toIso(placedAtMs),
      currency: this.#mapping.currency,
      lines: lines.map(({ number, sku, units, unitPriceMinor }) => ({
        lineId: String(number),
        sku,
        units,
        unitPriceMinor,
      })),
      ...(customer !== '' && { customer: { channelCustomerId: customer } }),
    };
  }

  #movementBody({ kind, line, sku, description, units, occurredAtMs }: PlannedMovement): object {
    return {
      commandId: idFrom(`replay/${this.#fileId}/${line}`),
      kind,
      sku,
      locationId: this.#mapping.location.locationId,
      units,
      ...(kind === 'return'
        ? { condition: 'available' }
        : {
            reason: description === '' ? 'Stock correction without a reason' : description.slice(0, MAX_REASON_LENGTH),
          }),
      occurredAt: toIso(occurredAtMs),
    };
  }
}

const MAX_REASON_LENGTH = 200;

const emptyStep = (number: number): Step => ({ number, sales: [], movements: [], rejected: [] });
