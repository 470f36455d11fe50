import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RecordedEvent } from '#event-sourcing';
import { systemClock } from '#kernel';
import { InMemoryEventStore } from '#testing';
import type { CatalogCommand, CatalogEvent } from '../catalog.decider.js';
import { CatalogRunner } from '../catalog-runner.js';
import { type CatalogChange, ChangeCatalog, ChangeCatalogHandler } from '../change-catalog.js';
import { commandsOf, importRow } from '../import/import-catalog/import-row.js';
import { replacingListings } from './replacing-listings.js';

const skus = ['MUG', 'CUP', 'POT'] as const;
const sku = fc.constantFrom(...skus);
const channel = fc.constantFrom('etsy', 'ebay');
const externalId = fc.constantFrom('A', 'B', 'C/1');
const listings = fc.uniqueArray(fc.record({ channel, externalId }), {
  maxLength: 2,
  selector: (listing) => listing.channel,
});
const step = fc.oneof(
  fc.record({ type: fc.constant('list' as const), sku, channel, externalId }),
  fc.record({ type: fc.constant('end' as const), sku, channel }),
  fc.record({ type: fc.constant('import' as const), sku, listings }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

describe('listings', () => {
  it('never let one external id of a channel stand for two SKUs, in whatever order commands come or overlap', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 8 }), async (bursts) => {
        const store = new CheckedStore();
        const send = sender(store);
        await Promise.all(skus.map((each) => send({ type: 'import', sku: each, listings: [] })));
        for (const burst of bursts) {
          const settled = await Promise.allSettled(burst.map(send));
          for (const result of settled) {
            if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'external-id-taken' });
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Sends what the controllers send. */
function sender(store: InMemoryEventStore): (step: Step) => Promise<CatalogChange> {
  const handler = new ChangeCatalogHandler(new CatalogRunner(store, systemClock));
  let sent = 0;
  return (step) => {
    sent += 1;
    const metadata = {
      commandId: `${sent}`,
      correlationId: 'c',
      actor: 'test',
      occurredAt: '2026-01-01T00:00:00.000Z',
    };
    return replacingListings(step.sku, (replaces, releases) => {
      const commands: CatalogCommand[] =
        step.type === 'import'
          ? commandsOf(rowOf(step.sku, step.listings), replaces, releases)
          : step.type === 'end'
            ? [{ type: 'EndListing', sku: step.sku, channel: step.channel, replaces }, ...releases]
            : [{ ...step, type: 'ListVariant', replaces }, { ...step, type: 'ClaimExternalId' }, ...releases];
      return handler.execute(new ChangeCatalog(commands, metadata));
    });
  };
}

const rowOf = (each: string, wanted: Extract<Step, { type: 'import' }>['listings']) =>
  importRow.parse({ productId: 'P', productTitle: 'Mugs', sku: each, title: each, listings: wanted });

/** Looks at the whole log after every commit. */
class CheckedStore extends InMemoryEventStore {
  override async append(...given: Parameters<InMemoryEventStore['append']>) {
    const result = await super.append(...given);
    const { events } = await this.readAll({ after: 0, limit: 10_000 });
    expectOneSkuPerExternalId(events as readonly RecordedEvent<CatalogEvent>[]);
    return result;
  }
}

/** What is listed is claimed by the SKU that lists it, and nothing else is claimed. */
function expectOneSkuPerExternalId(events: readonly CatalogEvent[]): void {
  const claims = new Map<string, string>();
  const listed = new Map<string, string>();
  for (const { type, data } of events) {
    if (!('externalId' in data)) continue;
    const { channel: on, externalId: id, sku: of } = data;
    if (type === 'ExternalIdClaimed') claims.set(`${on}/${id}`, of);
    if (type === 'ExternalIdReleased') claims.delete(`${on}/${id}`);
    if (type === 'ListingCreated') listed.set(`${of}@${on}`, `${on}/${id}`);
    if (type === 'ListingEnded') listed.delete(`${of}@${on}`);
  }
  const claimed = [...claims].map(([key, of]) => [`${of}@${key.slice(0, key.indexOf('/'))}`, key]);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(claimed));
  expect(listed.size).toBe(claims.size);
}
