import type { CatalogCommand } from '../../../apps/catalog/src/catalog-command.js';
import { type LineFold, type OrderFold, openUnits } from '../oracle/order-fold.js';
import type { SystemProcess } from '../process.js';
import { CUSTOMERS } from '../shops/customers.js';
import { type Customer, isGoods, type Shop, type ShopLine, type ShopOrder } from '../shops/shop.js';
import { WebhookSender } from '../shops/webhooks.js';
import { Callers } from './callers.js';
import { CHANNELS, CHECKOUT_LINE, OWN_SHOP, PLACES, PRODUCT, SKUS, settingsOf } from './set-up.js';
import type { World } from './world.js';

/** Shoppers, staff and channels: each does one thing at a time of its own choosing. */
export class People {
  readonly #world: World;
  readonly #callers: Callers;
  readonly #sender: WebhookSender;
  /** People of one world do some things all the time and others hardly ever: each world shows other sides. */
  readonly #habits: readonly (readonly [Action, number])[];
  readonly #popular: readonly string[];
  /** Listings of which a change is under way: a shop changes one at a time. */
  readonly #relisting = new Set<string>();
  #names = 0;

  constructor(world: World) {
    this.#world = world;
    this.#callers = new Callers(world);
    const { random } = world.machinery.scheduler;
    this.#habits = ACTIONS.map(([action, weight]) => [action, weight * random.pick([0.3, 1, 1, 4])]);
    this.#popular = SKUS.slice(0, random.between(1, 3));
    this.#sender = new WebhookSender({
      scheduler: world.machinery.scheduler,
      deliver: (webhook) => this.#callers.webhook(webhook),
      copies: () => this.#copies(),
    });
  }

  /** A person does something. */
  act(): Promise<unknown> {
    const action = this.#random.pickWeighted(this.#habits);
    return this[action]();
  }

  async buy(): Promise<void> {
    const shop = this.#shop();
    const listings = [...shop.skus.keys()];
    if (listings.length === 0) return;
    const wanted = new Set([
      this.#listingOf(shop) ?? this.#random.pick(listings),
      ...(this.#random.chance(0.3) ? [this.#random.pick(listings)] : []),
    ]);
    const order = shop.buy(
      [...wanted].map((externalId) => ({ externalId, units: this.#random.between(1, 3) })),
      new Date().toISOString(),
      { beside: this.#beside(), bySku: this.#random.chance(0.8), customer: this.#customer() },
    );
    if (order) this.#tell(shop.channel, order);
  }

  /** A shop sells by an offer that it tells us of only later. */
  async buyUnlisted(): Promise<void> {
    const shop = this.#shop();
    const [sku, offer] = [this.#sku(), this.#name('fresh')];
    const externalId = `${shop.channel}/${offer}`;
    this.#tell(shop.channel, shop.sellUnlisted(externalId, sku, new Date().toISOString()));
    await this.#takeTime(this.#random.exponential(1_000));
    shop.offer(externalId, sku);
    await this.#list(shop, externalId, sku);
  }

  /** A shop lists something among its orders that is none. */
  async puzzle(): Promise<void> {
    this.#shop().puzzle(this.#name('riddle'));
  }

  /** A shopper of a channel has units kept at the checkout, and the order that comes by webhook names none of that. */
  async checkOut(): Promise<void> {
    const shop = this.#shop();
    const externalId = this.#listingOf(shop);
    const sku = externalId === undefined ? undefined : shop.skus.get(externalId);
    if (externalId === undefined || sku === undefined) return;
    const { channel } = shop;
    const reservationId = this.#name('checkout');
    const units = this.#random.between(1, 2);
    const policy = ({ inventory }: SystemProcess) => inventory.supply.policyOf(channel);
    const held = await this.#callers.stock(sku, (system) => ({
      type: 'ReserveStock',
      reservationId,
      units,
      ttlSeconds: 60,
      policy: policy(system),
    }));
    const order = held && shop.buy([{ externalId, units }], new Date().toISOString());
    if (!order) return;
    this.#tell(channel, order);
    const orderId = this.#random.chance(0.5) ? order.externalOrderId : `${channel}.${order.externalOrderId}`;
    const confirm = { type: 'ConfirmReservation', reservationId, orderId, lineId: CHECKOUT_LINE } as const;
    await this.#callers.stock(sku, (system) => ({ ...confirm, policy: policy(system) }));
  }

  /** A channel changes an order, or cancels it. */
  async amend(): Promise<void> {
    const shop = this.#shop();
    // Now and then a cancellation is taken back.
    const orders = [...shop.orders.values()].filter(
      ({ cancelled, lines }) => !cancelled || (lines.some(isGoods) && this.#random.chance(0.2)),
    );
    if (orders.length === 0) return;
    const order = this.#random.pick(orders);
    const cancelled = !order.cancelled && this.#random.chance(0.3);
    const goods = order.lines.filter(isGoods).map((line) => ({ ...line, units: this.#random.between(1, 3) }));
    const lines = cancelled ? (this.#random.chance(0.5) ? order.lines : []) : [...goods, ...this.#beside()];
    const currency = this.#random.chance(0.1) ? 'USD' : order.currency;
    this.#tell(shop.channel, shop.change({ ...order, revision: order.revision + 1, currency, cancelled, lines }));
  }

  async submit(): Promise<void> {
    const orderId = this.#name('own');
    const skus = new Set([this.#sku(), ...(this.#random.chance(0.5) ? [this.#sku()] : [])]);
    const lines = [...skus].map((sku, index) => ({
      lineId: String(index + 1),
      sku,
      units: this.#random.between(1, 6),
      unitPriceMinor: 500,
    }));
    const placedAt = new Date().toISOString();
    const order = { orderId, channel: OWN_SHOP, currency: 'EUR', lines, buyer: {}, placedAt };
    await this.#callers.order({ type: 'SubmitOrder', ...order }, this.#customer());
  }

  async reserve(sku = this.#sku()): Promise<void> {
    const reservationId = this.#name('cart');
    const channel = this.#random.chance(0.5) ? OWN_SHOP : this.#random.pick(CHANNELS);
    const [units, ttlSeconds] = [this.#random.between(1, 3), this.#random.between(1, 12) * this.#world.pace.leisure];
    const answer = await this.#callers.stock(sku, ({ inventory }) => ({
      type: 'ReserveStock',
      reservationId,
      units,
      ttlSeconds,
      policy: inventory.supply.policyOf(channel),
    }));
    if (!answer) return;
    await this.#callers.pause(this.#random.next() * 1.4 * ttlSeconds * 1_000);
    const end = this.#random.next();
    if (end < 0.55) {
      await this.#callers.stock(sku, ({ inventory }) => ({
        type: 'ConfirmReservation',
        reservationId,
        orderId: reservationId,
        lineId: '1',
        policy: inventory.supply.policyOf(channel),
      }));
    } else if (end < 0.75) await this.#callers.stock(sku, () => ({ type: 'ReleaseReservation', reservationId }));
  }

  /** Many want the same thing within milliseconds: the next ones ask while the first are being stored. */
  async drop(): Promise<void> {
    const sku = this.#popularSku();
    const shoppers = Array.from({ length: this.#random.between(4, 12) }, async () => {
      await this.#callers.pause(this.#random.exponential(2));
      await this.reserve(sku);
    });
    await Promise.all(shoppers);
  }

  async receive(): Promise<void> {
    const units = this.#random.between(1, 10);
    const locationId = this.#place();
    await this.#callers.stock(this.#sku(), () => ({ type: 'ReceiveStock', locationId, units }));
  }

  async adjust(): Promise<void> {
    const locationId = this.#place();
    const [onHand, unavailable] = [this.#random.between(-2, 2), this.#random.between(-1, 1)];
    const command = { type: 'AdjustStock', locationId, onHand, unavailable, reason: 'looked' } as const;
    await this.#callers.stock(this.#sku(), () => command);
  }

  /** A person counts a shelf, and sends what was there a while later, when more has moved. */
  async count(): Promise<void> {
    const [sku, locationId] = [this.#sku(), this.#place()];
    const stock = this.#world.log.fold.stockOf(sku);
    const asOfRevision = stock.revision;
    const counted = Math.max(0, stock.level(locationId).onHand + this.#random.between(-1, 1));
    await this.#takeTime(this.#random.exponential(3_000));
    await this.#callers.stock(sku, () => ({ type: 'CountStock', locationId, counted, asOfRevision }));
  }

  async setSafety(): Promise<void> {
    const [locationId, units] = [this.#place(), this.#random.between(0, 2)];
    await this.#callers.stock(this.#sku(), () => ({ type: 'SetSafetyStock', locationId, units }));
  }

  async setRule(): Promise<void> {
    const channel = this.#random.pick([...CHANNELS, OWN_SHOP]);
    const rule = this.#random.pick([
      { buffer: this.#random.between(0, 3) },
      { cap: this.#random.between(0, 5) },
      { sharePercent: this.#random.between(20, 100) },
      { quota: this.#random.between(0, 4) },
      { quota: this.#random.between(1, 8) },
      { restriction: 'not allowed here' },
      {},
    ]);
    await this.#callers.stock(this.#sku(), () => ({ type: 'SetChannelRule', channel, ...rule }));
  }

  async setPolicy(): Promise<void> {
    const channel = this.#random.pick(CHANNELS);
    const command = this.#random.chance(0.5)
      ? ({ type: 'SetChannelDefaults', channel, buffer: this.#random.between(0, 2), sharePercent: 100 } as const)
      : ({ type: 'SetSupplyMap', channel, locationIds: this.#random.pick(SUPPLIES) } as const);
    await this.#callers.supply((system, metadata) => system.inventory.changeSupply.setPolicy(command, metadata));
  }

  /** Goods go to another location. They arrive at once or in parts, too few, too many, or not at all; a person sees to the rest. */
  async transfer(): Promise<void> {
    const [from, to] = this.#random.chance(0.5) ? [...PLACES] : [...PLACES].reverse();
    if (from === undefined || to === undefined) return;
    const transferId = this.#name('transfer');
    const lines = [...new Set([this.#sku(), this.#sku()])].map((sku) => ({ sku, units: this.#random.between(1, 4) }));
    if (!(await this.#callers.transfer({ type: 'DispatchTransfer', transferId, from, to, lines }))) return;
    for (let part = this.#random.between(0, 2); part > 0; part -= 1) {
      await this.#takeTime(this.#random.exponential(2_000));
      const arrived = lines.map(({ sku }) => ({ sku, units: this.#random.between(1, 4) }));
      const receiptId = this.#name('receipt');
      await this.#callers.transfer({ type: 'ReceiveTransfer', transferId, receiptId, lines: arrived });
    }
    if (this.#random.chance(0.3))
      await this.#callers.transfer({ type: 'CancelTransfer', transferId, reason: 'not needed' });
    for (const { sku } of lines) {
      if (this.#random.chance(0.3)) continue;
      const as = this.#random.pick(['lost', 'found'] as const);
      const foundAt = this.#random.chance(0.5) ? from : to;
      await this.#callers.transfer({ type: 'SettleTransferDifference', transferId, sku, as, foundAt });
    }
  }

  async ship(): Promise<void> {
    const found = this.#lineOf(({ status }, line) => status === 'placed' && openUnits(line) > 0);
    if (!found) return;
    const { orderId, lineId, sku, line } = found;
    const lines = [{ lineId, sku, units: this.#random.between(1, openUnits(line)) }];
    await this.#callers.order({ type: 'ShipLines', orderId, shipmentId: this.#name('parcel'), lines });
  }

  /** A parcel left although the order says otherwise: it was cancelled, had fewer units, or is not known yet. */
  async shipAnyway(): Promise<void> {
    const shop = this.#shop();
    const orders = [...shop.orders.values()];
    if (orders.length === 0) return;
    const order = this.#random.pick(orders);
    const [line] = order.lines.filter((each) => isGoods(each) && each.sku !== '');
    if (!line) return;
    const orderId = `${shop.channel}.${order.externalOrderId}`;
    const lines = [{ lineId: line.lineId, sku: line.sku, units: this.#random.between(1, 4) }];
    await this.#callers.order({ type: 'ShipLines', orderId, shipmentId: this.#name('parcel'), lines });
  }

  async giveBack(): Promise<void> {
    const found = this.#lineOf((_, { shipped, returned }) => shipped > returned);
    if (!found) return;
    const { orderId, lineId, sku, line } = found;
    // Now and then more comes back than had left.
    const most = line.shipped - line.returned + (this.#random.chance(0.1) ? 2 : 0);
    const lines = [{ lineId, sku, units: this.#random.between(1, most) }];
    const condition = this.#random.pick(['available', 'damaged', 'inspection'] as const);
    const locationId = this.#place();
    await this.#callers.order({
      type: 'ReturnLines',
      orderId,
      returnId: this.#name('return'),
      locationId,
      condition,
      lines,
    });
  }

  async cancel(): Promise<void> {
    const found = this.#lineOf(({ status }, line) => status === 'placed' && openUnits(line) > 0);
    if (!found) return;
    const { orderId, lineId, sku } = found;
    await this.#callers.order({
      type: 'CancelLines',
      orderId,
      lines: [{ lineId, sku, units: 1 }],
      reason: 'changed mind',
    });
  }

  /**
   * An offer ends, which the shop may know before us or only by our 0; now and then the SKU is offered again, under the id it had
   * or another. Or it gets a second offer.
   */
  async relist(): Promise<void> {
    const shop = this.#shop();
    const [externalId, sku] = this.#random.pick([...shop.skus]) ?? [];
    if (externalId === undefined || sku === undefined || this.#relisting.has(`${shop.channel} ${externalId}`)) return;
    await this.#alone(shop, externalId, () => this.#changeListing(shop, externalId, sku));
  }

  async #changeListing(shop: Shop, externalId: string, sku: string): Promise<void> {
    const alsoOffered = this.#random.chance(0.2);
    const next = alsoOffered || this.#random.chance(0.7) ? this.#name(`${sku}-again`) : externalId;
    if (!alsoOffered) {
      if (this.#random.chance(0.5)) shop.withdraw(externalId);
      await this.#takeTime(this.#random.exponential(500));
      await this.#callers.unlist(sku, shop.channel, externalId);
      if (this.#random.chance(0.4)) return;
      await this.#takeTime(this.#random.exponential(1_000));
    }
    if (!shop.skus.has(next)) shop.offer(next, sku);
    await this.#list(shop, next, sku);
  }

  #list(shop: Shop, externalId: string, sku: string): Promise<unknown> {
    return this.#alone(shop, externalId, () => this.#callers.list(sku, shop.channel, externalId));
  }

  /** No other person ends the offer before we know of it: we would be the only ones to have it then. */
  async #alone(shop: Shop, externalId: string, work: () => Promise<unknown>): Promise<void> {
    const listing = `${shop.channel} ${externalId}`;
    this.#relisting.add(listing);
    await work();
    this.#relisting.delete(listing);
  }

  /** The catalogue is looked after: texts, prices, something new. */
  async tendCatalog(): Promise<void> {
    const [sku, channel, title] = [this.#random.pick(SKUS), this.#random.pick(CHANNELS), this.#name('title')];
    const amountMinor = this.#random.between(900, 1_100);
    const productId = this.#random.chance(0.5) ? PRODUCT : this.#name('product');
    const change = this.#random.pick<readonly CatalogCommand[]>([
      [{ type: 'SetPrice', sku, channel, currency: 'EUR', amountMinor }],
      [{ type: 'DescribeVariant', sku, title, attributes: { colour: this.#random.pick(['red', 'blue']) } }],
      [{ type: 'PutProduct', productId, title }],
      [
        { type: 'AddVariant', productId, sku: this.#name('NEW'), title, attributes: { size: amountMinor } },
        { type: 'PutProduct', productId, title },
      ],
    ]);
    await this.#callers.catalog(change);
  }

  /** Two SKUs are listed under one id of a channel that is free: one of them gets it. */
  async contend(): Promise<void> {
    const shop = this.#shop();
    const [one, another] = [this.#random.pick(SKUS), this.#random.pick(SKUS)];
    const externalId = `${shop.channel}/${this.#name('contended')}`;
    this.#relisting.add(`${shop.channel} ${externalId}`);
    shop.keepFree(externalId);
    await Promise.all([one, another].map((sku) => this.#callers.list(sku, shop.channel, externalId)));
    const sku = this.#world.log.fold.catalog.listings.get(`${shop.channel} ${externalId}`);
    if (sku !== undefined) shop.name(externalId, sku);
  }

  /** A person takes the id of one offer for that of another SKU. */
  async mistakeOffer(): Promise<void> {
    const shop = this.#shop();
    const [externalId, sku] = this.#random.pick([...shop.skus]) ?? [];
    if (externalId === undefined || this.#relisting.has(`${shop.channel} ${externalId}`)) return;
    await this.#list(shop, externalId, this.#random.pick(SKUS.filter((other) => other !== sku)));
  }

  async pauseChannel(): Promise<void> {
    const channel = this.#random.pick(CHANNELS);
    await this.#callers.channel(channel, { type: 'PauseChannel', channel, reason: 'holiday' });
    await this.#takeTime(this.#random.exponential(5_000));
    await this.resumeChannel(channel);
  }

  /** A person who got no answer, or got one too early, looks again. */
  async resumeChannel(channel: string): Promise<void> {
    const { pausedChannels } = this.#world.log.fold;
    do {
      await this.#callers.channel(channel, { type: 'ResumeChannel', channel });
      await this.#callers.pause(1_000);
    } while (pausedChannels.has(channel));
  }

  /** A channel is given up, and as a rule taken up again. */
  async closeChannel(): Promise<void> {
    const channel = this.#random.pick(CHANNELS);
    await this.#callers.channel(channel, { type: 'CloseChannel', channel, reason: 'given up' });
    await this.#takeTime(this.#random.exponential(5_000));
    if (this.#random.chance(0.6))
      await this.#callers.channel(channel, { type: 'ConfigureChannel', settings: settingsOf(channel) });
  }

  /** Now and then a channel's message breaks off; what it was to say is said again, or found by the next pull. */
  #tell(channel: string, order: ShopOrder): void {
    if (this.#random.chance(0.05)) this.#sender.sendBroken(channel, order);
    this.#sender.send(channel, order);
  }

  /** Lines of an order that are no goods: shipping, a discount, a line of nothing. */
  #beside(): ShopLine[] {
    return [
      { lineId: 's', sku: '', units: 1, unitPriceMinor: 490 },
      { lineId: 'd', sku: 'DISCOUNT', units: 1, unitPriceMinor: -300 },
      { lineId: 'n', sku: this.#random.pick(SKUS), units: 0, unitPriceMinor: 100 },
    ].filter(() => this.#random.chance(0.15));
  }

  /** Who buys, and what of it the shop passes on. */
  #customer(): Customer | undefined {
    if (this.#random.chance(0.4)) return undefined;
    const { email, phone, channelCustomerId } = this.#random.pick(CUSTOMERS);
    return {
      ...(this.#random.chance(0.8) && { email }),
      ...(this.#random.chance(0.5) && { phone }),
      ...(this.#random.chance(0.5) && { channelCustomerId }),
    };
  }

  #takeTime(ms: number): Promise<void> {
    return this.#callers.pause(ms * this.#world.pace.leisure);
  }

  get #random() {
    return this.#world.machinery.scheduler.random;
  }

  #copies(): number[] {
    const { shops } = this.#world.weather.troubles;
    if (this.#random.chance(0.06 + 0.2 * shops)) return [];
    const copies = this.#random.chance(0.1 + 0.3 * shops) ? 2 : 1;
    return Array.from({ length: copies }, () => this.#random.exponential(this.#random.chance(0.2) ? 1_500 : 20));
  }

  #lineOf(wanted: (order: OrderFold, line: LineFold) => boolean) {
    const found = [...this.#world.log.fold.orders.values()].flatMap((order) =>
      order.lines.flatMap((line) => (wanted(order, line) ? [{ orderId: order.orderId, ...line, line }] : [])),
    );
    return found.length === 0 ? undefined : this.#random.pick(found);
  }

  #shop(): Shop {
    return this.#random.pick([...this.#world.shops.values()]);
  }

  #listingOf({ skus }: Shop): string | undefined {
    const wanted = this.#sku();
    return [...skus].find(([, sku]) => sku === wanted)?.[0];
  }

  /** One of the few SKUs that everybody wants. */
  #popularSku(): string {
    return this.#random.pick(this.#popular);
  }

  #sku(): string {
    return this.#random.chance(0.7) ? this.#popularSku() : this.#random.pick(SKUS);
  }

  #place(): string {
    return this.#random.pick(PLACES);
  }

  #name(prefix: string): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }
}

const SUPPLIES = [[...PLACES], [...PLACES].reverse(), PLACES.slice(0, 1)];

const ACTIONS = [
  ['buy', 30],
  ['amend', 10],
  ['puzzle', 1],
  ['buyUnlisted', 1],
  ['checkOut', 4],
  ['submit', 10],
  ['reserve', 14],
  ['drop', 2],
  ['receive', 8],
  ['adjust', 3],
  ['count', 4],
  ['setSafety', 2],
  ['setRule', 3],
  ['setPolicy', 2],
  ['ship', 7],
  ['shipAnyway', 2],
  ['giveBack', 4],
  ['cancel', 3],
  ['relist', 4],
  ['tendCatalog', 5],
  ['contend', 1],
  ['mistakeOffer', 1],
  ['pauseChannel', 3],
  ['closeChannel', 1],
  ['transfer', 3],
] as const satisfies readonly (readonly [keyof People, number])[];

type Action = (typeof ACTIONS)[number][0];
