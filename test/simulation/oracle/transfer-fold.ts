import type { TransferEvent } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';

/** Units of one SKU of a transfer. */
interface Line {
  /** On their way or missing; below zero where more arrived than left. */
  open: number;
  /** Accepted as surplus, less what was accepted as lost. */
  gained: number;
  received: number;
}

/** One transfer, folded from its events by rules written down again here, independently of the system's own. */
export class TransferFold {
  revision = -1;
  to = '';
  readonly lines = new Map<string, Line>();

  apply({ revision, ...event }: RecordedEvent<TransferEvent>): void {
    this.revision = revision;
    this.to = event.data.to;
    switch (event.type) {
      case 'TransferDispatched':
        for (const { sku, units } of event.data.lines) this.line(sku).open += units;
        break;
      case 'TransferReceived':
        for (const { sku, units } of event.data.lines) {
          this.line(sku).open -= units;
          this.line(sku).received += units;
        }
        break;
      case 'TransferCancelled':
        for (const { sku, units } of event.data.lines) this.line(sku).open -= units;
        break;
      case 'TransferDifferenceSettled': {
        const { sku, units, difference, as } = event.data;
        this.line(sku).open -= difference === 'missing' ? units : -units;
        if (difference === 'missing' && as === 'lost') this.line(sku).gained -= units;
        if (difference === 'surplus' && as === 'found') this.line(sku).gained += units;
        break;
      }
      default:
        event satisfies never;
    }
  }

  line(sku: string): Line {
    const line = this.lines.get(sku) ?? { open: 0, gained: 0, received: 0 };
    this.lines.set(sku, line);
    return line;
  }
}
