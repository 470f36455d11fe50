import type { EventMetadata } from '#event-sourcing';
import { InvalidRequest, messagesOf, resultsTogether } from '#platform';
import type { OrdersIntake } from '../order/orders-intake.js';
import { recordSale } from '../order/record-sale.js';

/** The sales of one call, and what became of them. */
export class SalesStream {
  private sales = 0;
  private refused = 0;
  private position = 0;
  private readonly results: Record<string, number> = {};
  private readonly refusals: { readonly index: number; readonly code: string; readonly detail: string }[] = [];

  constructor(
    private readonly intake: OrdersIntake,
    private readonly metadata: EventMetadata,
  ) {}

  /** Records what has come. A fault, or too much to do, ends the stream; refused sales do not. */
  async record(messages: readonly unknown[]): Promise<void> {
    const first = this.sales;
    const rows = messages.map((message, index) => this.read(message, first + index));
    const recorded = await resultsTogether(rows, (sales) => this.intake.record(sales, this.metadata));
    for (const row of recorded) {
      if ('problem' in row) this.refuse(this.sales, row.problem);
      else {
        this.results[row.status] = (this.results[row.status] ?? 0) + 1;
        this.position = Math.max(this.position, row.position);
      }
      this.sales += 1;
    }
  }

  get reply() {
    const { sales, results, refused, refusals, position } = this;
    return { sales, results, refused, refusals, position };
  }

  /** A sale without a message id has one by its place in the call, so that a repeat of the call repeats its sales. */
  private read(message: unknown, index: number) {
    try {
      const sale = readSale(message);
      return { ...sale, messageId: sale.messageId ?? `${this.metadata.commandId}/${index}` };
    } catch (error) {
      if (error instanceof InvalidRequest) return error;
      throw error;
    }
  }

  private refuse(index: number, { code, detail }: { readonly code: string; readonly detail: string }): void {
    this.refused += 1;
    if (this.refusals.length < MAX_REFUSALS) this.refusals.push({ index, code, detail });
  }
}

const readSale = messagesOf(recordSale);
const MAX_REFUSALS = 1_000;
