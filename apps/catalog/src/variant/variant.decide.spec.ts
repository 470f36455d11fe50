import { describe, it } from '@jest/globals';
import type { VariantEvent } from '#contracts';
import { specify } from '#testing';
import type { ImportVariant, VariantCommand } from './variant.decide.js';
import { variantDecider } from './variant.decider.js';

const { given } = specify(variantDecider);
const sku = 'MUG-RED';
const red = { sku, productId: 'P1', title: 'Red mug', attributes: { colour: 'red', volumeMl: 300 } };
const added: VariantEvent = { type: 'VariantAdded', data: red };
const priced: VariantEvent = { type: 'PriceSet', data: { sku, channel: 'etsy', currency: 'EUR', amountMinor: 1_299 } };
const listed = (externalId: string, channel = 'etsy'): VariantEvent => ({
  type: 'ListingCreated',
  data: { sku, channel, externalId },
});
const ended = (externalId: string, channel = 'etsy'): VariantEvent => ({
  type: 'ListingEnded',
  data: { sku, channel, externalId },
});

describe('adding a variant', () => {
  const add: VariantCommand = { type: 'AddVariant', ...red };
  it('makes a SKU of a product', () => given().when(add).thenEvents(added));
  it('changes nothing when repeated', () => given(added).when(add).thenEvents());
  it('refuses a SKU of another product', () =>
    given(added)
      .when({ ...add, productId: 'P2' })
      .thenRejected('sku-taken', { sku, productId: 'P1' }));
  it('refuses other content under a known SKU', () =>
    given(added)
      .when({ ...add, title: 'Blue mug' })
      .thenRejected('sku-exists'));
});

describe('describing a variant', () => {
  const blue = { sku, title: 'Blue mug', attributes: { colour: 'blue' } };
  it('replaces title and attributes', () =>
    given(added)
      .when({ type: 'DescribeVariant', ...blue })
      .thenEvents({ type: 'VariantDescribed', data: blue }));
  it('changes nothing when it says the same in another order', () =>
    given(added)
      .when({ type: 'DescribeVariant', sku, title: red.title, attributes: { volumeMl: 300, colour: 'red' } })
      .thenEvents());
  it('refuses an unknown SKU', () =>
    given()
      .when({ type: 'DescribeVariant', ...blue })
      .thenRejected('unknown-sku'));
});

describe('setting a price', () => {
  const set = { type: 'SetPrice', sku, channel: 'etsy', currency: 'EUR', amountMinor: 1_299 } as const;
  it('holds from now on', () => given(added).when(set).thenEvents(priced));
  it('changes nothing when it is the price', () => given(added, priced).when(set).thenEvents());
  it.each([{ amountMinor: 0 }, { currency: 'USD' }, { channel: 'ebay' }])('is set again with %o', (change) =>
    given(added, priced)
      .when({ ...set, ...change })
      .thenEvents({ type: 'PriceSet', data: { sku, channel: 'etsy', currency: 'EUR', amountMinor: 1_299, ...change } }),
  );
  it('refuses an unknown SKU', () => given().when(set).thenRejected('unknown-sku'));
});

describe('listing a variant', () => {
  const list = (externalId: string, replaces?: string) =>
    ({ type: 'ListVariant', sku, channel: 'etsy', externalId, replaces }) as const;
  const end = (externalIds: readonly string[], all = true) =>
    ({ type: 'EndListings', sku, channel: 'etsy', externalIds, all }) as const;
  it('offers it', () => given(added).when(list('A')).thenEvents(listed('A')));
  it('changes nothing when repeated', () => given(added, listed('A')).when(list('A')).thenEvents());
  it('offers it beside what it is offered as there', () =>
    given(added, listed('A')).when(list('B')).thenEvents(listed('B')));
  it('ends the listing that is replaced', () =>
    given(added, listed('A'), listed('C')).when(list('B', 'A')).thenEvents(ended('A'), listed('B')));
  it.each([
    ['is not there', 'A'],
    ['is the same', 'B'],
  ])('ends nothing when the listing to replace %s', (_, replaces) =>
    given(added, listed('A'), ended('A')).when(list('B', replaces)).thenEvents(listed('B')),
  );
  it('leaves other channels alone', () => given(added, listed('A', 'ebay')).when(list('A')).thenEvents(listed('A')));
  it('refuses an unknown SKU', () => given().when(list('A')).thenRejected('unknown-sku'));
  it('is required not to be', () =>
    given(added, listed('A'), ended('A'))
      .when({ ...list('A'), type: 'RequireNoListing' })
      .thenEvents());
  it('is refused where it must not be and is', () =>
    given(added, listed('A'))
      .when({ ...list('A'), type: 'RequireNoListing' })
      .thenRejected('listed'));
  it('ends all of a channel', () =>
    given(added, listed('A'), listed('B'), listed('C', 'ebay'))
      .when(end(['A', 'B']))
      .thenEvents(ended('A'), ended('B')));
  it('ends one of a channel', () =>
    given(added, listed('A'), listed('B'))
      .when(end(['A'], false))
      .thenEvents(ended('A')));
  it.each([
    ['would leave one', [listed('A'), listed('B')]],
    ['names one that is gone', [listed('A'), ended('A')]],
  ])('refuses to end all when its caller %s', (_, past) =>
    given(added, ...past)
      .when(end(['A']))
      .thenRejected('listing-changed'),
  );
  it('ends once', () => given(added, listed('A'), ended('A')).when(end([])).thenEvents());
  it('does not end on an unknown SKU', () => given().when(end([])).thenRejected('unknown-sku'));
});

describe('importing a variant', () => {
  const row: ImportVariant = {
    type: 'ImportVariant',
    ...red,
    prices: [{ channel: 'etsy', currency: 'EUR', amountMinor: 1_299 }],
    listings: [
      { channel: 'etsy', externalId: 'A' },
      { channel: 'ebay', externalId: 'E' },
    ],
  };
  it('adds, prices and lists it', () => given().when(row).thenEvents(added, priced, listed('A'), listed('E', 'ebay')));
  it('changes nothing when repeated', () =>
    given(added, priced, listed('A'), listed('E', 'ebay')).when(row).thenEvents());
  it('changes only what differs', () =>
    given(added, priced, listed('A'), listed('F', 'ebay'))
      .when({
        ...row,
        title: 'Mug, red',
        listings: [
          { channel: 'etsy', externalId: 'A', replaces: 'X' },
          { channel: 'ebay', externalId: 'E', replaces: 'F' },
        ],
      })
      .thenEvents(
        { type: 'VariantDescribed', data: { sku, title: 'Mug, red', attributes: red.attributes } },
        ended('F', 'ebay'),
        listed('E', 'ebay'),
      ));
  it('lists it beside what it is listed as', () =>
    given(added, priced, listed('F', 'ebay')).when(row).thenEvents(listed('A'), listed('E', 'ebay')));
  it('keeps attributes, prices and listings it does not name', () =>
    given(added, priced, listed('A'))
      .when({ ...row, attributes: undefined, prices: [], listings: [] })
      .thenEvents());
  it('refuses a SKU of another product', () =>
    given(added)
      .when({ ...row, productId: 'P2' })
      .thenRejected('sku-taken'));
});
