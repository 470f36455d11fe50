import type {
  ChannelEvent,
  ChannelPolicyEvent,
  LocationEvent,
  OrderEvent,
  StockEvent,
  TransferEvent,
} from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import { CatalogFold, type CatalogRecorded } from './catalog-fold.js';
import { isOfCatalog } from './catalog-rules.js';
import { CustomerFold, type CustomerRecorded } from './customer-fold.js';
import { isOfCustomers } from './customer-rules.js';
import { OrderFold } from './order-fold.js';
import { StockFold } from './stock-fold.js';
import { SupplyFold } from './supply-fold.js';
import { TransferFold } from './transfer-fold.js';

type StockRecorded = RecordedEvent<StockEvent>;
type OrderRecorded = RecordedEvent<OrderEvent>;

/** The whole log up to some position, folded. */
export class LogFold {
  position = 0;
  readonly stocks = new Map<string, StockFold>();
  readonly orders = new Map<string, OrderFold>();
  /** By id. */
  readonly transfers = new Map<string, TransferFold>();
  readonly supply = new SupplyFold();
  readonly catalog = new CatalogFold();
  readonly customers = new CustomerFold();
  readonly pausedChannels = new Set<string>();
  readonly closedChannels = new Set<string>();
  /** Channels that were closed at some time. */
  readonly everClosed = new Set<string>();

  apply(event: RecordedEvent): void {
    this.position = event.position;
    if (event.stream.startsWith('stock-'))
      this.stockOf(event.stream.slice('stock-'.length)).apply(event as StockRecorded);
    else if (event.stream.startsWith('order-')) this.#applyOrder(event as OrderRecorded);
    else if (event.stream.startsWith('transfer-')) this.#applyTransfer(event as RecordedEvent<TransferEvent>);
    else if (/^(location|channelpolicy)-/.test(event.stream))
      this.supply.apply(event as RecordedEvent<LocationEvent | ChannelPolicyEvent>);
    else if (isOfCatalog(event)) this.catalog.apply(event as CatalogRecorded);
    else if (isOfCustomers(event)) this.customers.apply(event as CustomerRecorded);
    else this.#applyChannel(event as RecordedEvent<ChannelEvent>);
  }

  stockOf(sku: string): StockFold {
    let stock = this.stocks.get(sku);
    if (!stock) {
      stock = new StockFold();
      this.stocks.set(sku, stock);
    }
    return stock;
  }

  orderOf(orderId: string): OrderFold {
    let order = this.orders.get(orderId);
    if (!order) {
      order = new OrderFold(orderId);
      this.orders.set(orderId, order);
    }
    return order;
  }

  #applyTransfer(event: RecordedEvent<TransferEvent>): void {
    const { transferId } = event.data;
    const transfer = this.transfers.get(transferId) ?? new TransferFold();
    this.transfers.set(transferId, transfer);
    transfer.apply(event);
  }

  #applyOrder(event: OrderRecorded): void {
    this.orderOf(event.stream.slice('order-'.length)).apply(event);
    this.customers.bought(event);
  }

  #applyChannel({ type, data }: RecordedEvent<ChannelEvent>): void {
    if (type === 'ChannelPaused') this.pausedChannels.add(data.channel);
    if (type === 'ChannelResumed') this.pausedChannels.delete(data.channel);
    if (type === 'ChannelClosed') {
      this.pausedChannels.delete(data.channel);
      this.closedChannels.add(data.channel);
      this.everClosed.add(data.channel);
    }
    if (type === 'ChannelReopened') this.closedChannels.delete(data.channel);
  }
}
