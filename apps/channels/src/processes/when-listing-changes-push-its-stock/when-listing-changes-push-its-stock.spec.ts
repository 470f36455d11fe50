import { describe, expect, it } from '@jest/globals';
import { foldListings } from './when-listing-changes-push-its-stock.js';

type Events = Parameters<typeof foldListings>[0];

const at = '2026-01-31T12:00:00.000Z';
let position = 0;
const event = (type: 'ListingCreated' | 'ListingEnded', externalId: string, sku = 'a'): Events[number] => {
  position += 1;
  const metadata = { commandId: 'c', correlationId: 'c', actor: 'spec', occurredAt: at };
  return {
    type,
    data: { sku, channel: 'web-shop', externalId },
    id: `e-${position}`,
    metadata,
    stream: `variant-${sku}`,
    revision: 0,
    position,
    recordedAt: at,
  };
};

describe('a page of listing events', () => {
  it('comes to every offer of a SKU, and to the newest listing per external id', () => {
    const page = [
      event('ListingCreated', 'x-1'),
      event('ListingCreated', 'x-2'),
      event('ListingCreated', 'x-2', 'b'),
      event('ListingCreated', 'y-1', 'b'),
    ];
    expect(foldListings(page).created.map(({ externalId, sku }) => [externalId, sku])).toEqual([
      ['x-1', 'a'],
      ['x-2', 'b'],
      ['y-1', 'b'],
    ]);
  });

  it('leaves out a listing that ended within the page', () => {
    const page = [event('ListingCreated', 'x-1'), event('ListingEnded', 'x-1')];
    expect(foldListings(page)).toMatchObject({ created: [], ended: [{ externalId: 'x-1' }] });
  });

  it('keeps a listing that was made again after it ended, with the later position', () => {
    const [ended, created] = [event('ListingEnded', 'x-1'), event('ListingCreated', 'x-1')];
    const folded = foldListings([ended, created]);
    expect(folded.created).toMatchObject([{ externalId: 'x-1', position: created.position }]);
    expect(folded.ended).toMatchObject([{ position: ended.position }]);
  });

  it('keeps the new listing when the old one under another id ends after it', () => {
    const page = [event('ListingCreated', 'x-2'), event('ListingEnded', 'x-1')];
    expect(foldListings(page).created).toMatchObject([{ externalId: 'x-2' }]);
  });
});
