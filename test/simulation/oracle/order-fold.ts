import type { Charge, OfferLine, OrderEvent, OrderLine } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';

export interface LineFold {
  readonly lineId: string;
  readonly sku: string;
  readonly unitPriceMinor: number;
  ordered: number;
  cancelled: number;
  shipped: number;
  returned: number;
}

/** One order, folded from its events, independently of the system's own fold. */
export class OrderFold {
  status: 'unknown' | 'submitted' | 'declined' | 'placed' = 'unknown';
  channel = '';
  currency = '';
  externalRevision = -1;
  /** Of the last event that changed it. */
  revision = -1;
  lines: LineFold[] = [];
  charges: readonly Charge[] = [];
  /** Goods whose offer leads to no SKU yet. */
  offers: readonly OfferLine[] = [];
  readonly returns = new Map<string, number>();
  /** Units that we cancelled and not the channel, by line and SKU. */
  readonly cancelledByUs = new Map<string, number>();

  constructor(readonly orderId: string) {}

  apply({ revision, ...event }: RecordedEvent<OrderEvent>): void {
    if (event.type === 'SaleDuplicateReceived' || event.type === 'SaleOutdatedReceived') return;
    this.revision = revision;
    switch (event.type) {
      case 'SaleRecorded':
      case 'OrderSubmitted':
        this.status = event.type === 'SaleRecorded' ? 'placed' : 'submitted';
        if (event.type === 'SaleRecorded') this.externalRevision = event.data.externalRevision;
        this.channel = event.data.channel;
        this.currency = event.data.currency;
        if (event.type === 'SaleRecorded') this.#beside(event.data);
        this.#order(event.data.lines);
        break;
      case 'SaleAmended':
        this.#beside(event.data);
        this.externalRevision = event.data.externalRevision;
        for (const line of event.data.reopened ?? []) this.#of(line).cancelled -= line.units;
        this.#order(event.data.lines);
        break;
      case 'OrderPlaced':
        this.status = 'placed';
        break;
      case 'OrderDeclined':
        this.status = 'declined';
        break;
      case 'OrderLinesCancelled':
        for (const line of event.data.lines) {
          this.#of(line).cancelled += line.units;
          const key = lineKeyOf(line);
          if (event.data.reason !== 'cancelled-by-channel')
            this.cancelledByUs.set(key, (this.cancelledByUs.get(key) ?? 0) + line.units);
        }
        break;
      case 'OrderLinesShipped':
        for (const line of event.data.lines) this.#of(line).shipped += line.units;
        break;
      case 'OrderLinesReturned':
        for (const line of event.data.lines) {
          this.#of(line).returned += line.units;
          const key = `${event.data.returnId}\n${line.sku}`;
          this.returns.set(key, (this.returns.get(key) ?? 0) + line.units);
        }
        break;
      default:
        event satisfies never;
    }
  }

  #line({
    lineId,
    sku,
    units,
    unitPriceMinor,
  }: {
    readonly lineId: string;
    readonly sku: string;
    readonly units: number;
    readonly unitPriceMinor: number;
  }): LineFold {
    const { cancelled, shipped, returned } = this.lines.find((line) => line.lineId === lineId && line.sku === sku) ?? {
      cancelled: 0,
      shipped: 0,
      returned: 0,
    };
    return { lineId, sku, unitPriceMinor, ordered: units, cancelled, shipped, returned };
  }

  #beside({ charges, offers }: Beside): void {
    this.charges = charges ?? this.charges;
    this.offers = offers ?? this.offers;
  }

  #order(lines: readonly OrderLine[]): void {
    this.lines = [...lines.map((line) => this.#line(line)), ...this.#movedBeside(lines)];
  }

  /** What left or came back of lines that are not ordered any more. */
  #movedBeside(ordered: readonly OrderLine[]): LineFold[] {
    const others = this.lines.filter(
      (line) => !ordered.some(({ lineId, sku }) => line.lineId === lineId && line.sku === sku),
    );
    return others
      .filter(({ shipped, returned }) => shipped + returned > 0)
      .map((line) => ({ ...line, ordered: 0, cancelled: 0 }));
  }

  /** A parcel may hold what was never ordered. */
  #of({ lineId, sku }: { readonly lineId: string; readonly sku: string }): LineFold {
    const found = this.lines.find((line) => line.lineId === lineId && line.sku === sku);
    if (found) return found;
    const line = { lineId, sku, unitPriceMinor: 0, ordered: 0, cancelled: 0, shipped: 0, returned: 0 };
    this.lines.push(line);
    return line;
  }
}

export const lineKeyOf = ({ lineId, sku }: { readonly lineId: string; readonly sku: string }): string =>
  `${lineId}\n${sku}`;

interface Beside {
  readonly charges?: readonly Charge[] | undefined;
  readonly offers?: readonly OfferLine[] | undefined;
}

export const openUnits = ({ ordered, cancelled, shipped }: LineFold): number =>
  Math.max(0, ordered - cancelled - shipped);
