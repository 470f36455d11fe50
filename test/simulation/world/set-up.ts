import { commandsOf, importRow } from '../../../apps/catalog/src/import/import-row.js';
import { Shop } from '../shops/shop.js';
import { Callers } from './callers.js';
import type { World } from './world.js';

export const SKUS: readonly string[] = ['LAMP', 'VASE', 'RUG', 'MUG', 'TRAY', 'BELL'];
export const PLACES: readonly string[] = ['main', 'store'];
export const CHANNELS: readonly string[] = ['amber', 'birch', 'cedar', 'delta', 'ember'];
/** Sells by reservations and orders, and gets no numbers. */
export const OWN_SHOP = 'own';

/** The product that every SKU is a variant of. */
export const PRODUCT = 'HOME';

/** The line that a checkout confirms its reservation for: it does not know those of the channel's order. */
export const CHECKOUT_LINE = 'cart';

export const newShops = (): Map<string, Shop> =>
  new Map(
    CHANNELS.map((channel) => {
      const shop = new Shop(channel);
      for (const sku of SKUS) shop.offer(`${channel}/${sku}`, sku);
      return [channel, shop];
    }),
  );

/** What the system knows of a channel. */
export const settingsOf = (channel: string) => ({
  channel,
  name: channel,
  connector: 'simulated',
  currency: 'EUR',
  baseUrl: 'http://shops',
  pushesPerSecond: 5,
});

/** Opens places and channels, lists everything everywhere and receives some stock: where every seed begins. */
export async function setUp(world: World): Promise<void> {
  const callers = new Callers(world);
  for (const locationId of PLACES)
    await callers.supply(({ inventory }, metadata) =>
      inventory.changeSupply.openLocation(
        { type: 'OpenLocation', locationId, name: locationId, roles: ['ship-from'] },
        metadata,
      ),
    );
  for (const channel of [...CHANNELS, OWN_SHOP])
    await callers.supply(({ inventory }, metadata) =>
      inventory.changeSupply.setPolicy({ type: 'SetChannelDefaults', channel, buffer: 0, sharePercent: 100 }, metadata),
    );
  for (const channel of CHANNELS) {
    await callers.channel(channel, { type: 'ConfigureChannel', settings: settingsOf(channel) });
  }
  for (const sku of SKUS) {
    const listings = CHANNELS.map((channel) => ({ channel, externalId: `${channel}/${sku}` }));
    const row = { productId: PRODUCT, productTitle: 'For the home', sku, title: sku, listings };
    await callers.catalog(commandsOf(importRow.parse(row)));
  }
  for (const sku of SKUS)
    for (const [index, locationId] of PLACES.entries())
      await callers.stock(sku, () => ({ type: 'ReceiveStock', locationId, units: 5 - 2 * index }));
}
