import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CommandRunner, ProcessLocks, type RecordedEvent } from '#event-sourcing';
import { InMemoryEventStore, OneStreamEventStore } from '#testing';
import type { CatalogCommand, CatalogEvent } from '../catalog-command.js';
import { type CatalogChange, ChangeCatalog } from '../change-catalog.js';
import { commandsOf, importRow } from '../import/import-row.js';
import { claimsOf } from './claims-of.js';
import { endingListings } from './ending-listings.js';

const skus = ['MUG', 'CUP', 'POT'] as const;
const sku = fc.constantFrom(...skus);
const channel = fc.constantFrom('etsy', 'ebay');
const externalId = fc.constantFrom('A', 'B', 'C/1');
const replaces = fc.option(externalId, { nil: undefined });
const listings = fc.uniqueArray(fc.record({ channel, externalId, replaces }), {
  maxLength: 3,
  selector: (listing) => `${listing.channel} ${listing.externalId}`,
});
const step = fc.oneof(
  fc.record({ type: fc.constant('list' as const), sku, channel, externalId, replaces }),
  fc.record({ type: fc.constant('end' as const), sku, channel }),
  fc.record({ type: fc.constant('end-one' as const), sku, channel, externalId }),
  fc.record({ type: fc.constant('import' as const), sku, listings }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

describe('listings never let one external id of a channel stand for two SKUs', () => {
  const bursts = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 8 });

  it('in whatever order commands come or overlap', async () => {
    await fc.assert(
      fc.asyncProperty(bursts, async (given) => {
        const store = new CheckedStore();
        await sendAll(given, [sender(store)], ['external-id-taken']);
      }),
      { numRuns: 100 },
    );
  });

  it('nor where commits hold one stream, two processes work and one of them dies', async () => {
    await fc.assert(
      fc.asyncProperty(bursts, fc.array(fc.nat(30), { maxLength: 3 }), async (given, deaths) => {
        const store = new CheckedOneStreamStore(new Set(deaths));
        const locks = new ProcessLocks();
        await sendAll(
          given,
          [sender(store, locks), sender(store, locks)],
          ['external-id-taken', 'listing-changed', 'unknown-sku', 'died'],
        );
        await expectEveryIdToBeFree(store, sender(store, locks));
      }),
      { numRuns: 100 },
    );
  });
});

async function sendAll(bursts: readonly (readonly Step[])[], senders: readonly Send[], refusals: readonly string[]) {
  const [first] = senders;
  for (const each of skus) await first?.({ type: 'import', sku: each, listings: [] }).catch(() => {});
  for (const burst of bursts) {
    const settled = await Promise.allSettled(burst.map((one, index) => senders[index % senders.length]?.(one)));
    for (const result of settled)
      if (result.status === 'rejected') expect(refusals).toContain(result.reason.code ?? result.reason.message);
  }
}

/** Nothing that was left behind keeps another SKU from an id that no variant is listed as. */
async function expectEveryIdToBeFree(store: CheckedOneStreamStore, send: Send): Promise<void> {
  store.deaths.clear();
  for (const each of skus) await send({ type: 'import', sku: each, listings: [] });
  for (const on of ['etsy', 'ebay'] as const)
    for (const each of skus) await send({ type: 'end', sku: each, channel: on });
  for (const id of ['A', 'B', 'C/1'] as const)
    await send({ type: 'list', sku: 'POT', channel: 'etsy', externalId: id, replaces: undefined });
}

type Send = (step: Step) => Promise<CatalogChange>;
let sent = 0;

/** Sends what the controllers send, as one process. */
function sender(store: InMemoryEventStore, locks = new ProcessLocks()): Send {
  const changes = new ChangeCatalog(new CommandRunner(store, { locks }));
  return (step) => {
    sent += 1;
    const metadata = {
      commandId: `${sent}`,
      correlationId: 'c',
      actor: 'test',
      occurredAt: '2026-01-01T00:00:00.000Z',
    };
    const change = (...commands: CatalogCommand[]) => changes.execute(commands, metadata);
    const { sku: of } = step;
    switch (step.type) {
      case 'import':
        return change(...commandsOf(rowOf(of, step.listings)));
      case 'list':
        return change({ ...step, type: 'ListVariant' }, ...claimsOf(of, [step]));
      case 'end':
        return endingListings(of, step.channel, (externalIds, releases) =>
          change({ type: 'EndListings', sku: of, channel: step.channel, externalIds, all: true }, ...releases),
        );
      case 'end-one':
        return change(
          { type: 'EndListings', sku: of, channel: step.channel, externalIds: [step.externalId], all: false },
          { ...step, type: 'ReleaseExternalId' },
        );
      default:
        return step satisfies never;
    }
  };
}

const rowOf = (each: string, wanted: Extract<Step, { type: 'import' }>['listings']) =>
  importRow.parse({ productId: 'P', productTitle: 'Mugs', sku: each, title: each, listings: wanted });

/** Looks at the whole log after every commit. */
class CheckedStore extends InMemoryEventStore {
  override async append(...given: Parameters<InMemoryEventStore['append']>) {
    const result = await super.append(...given);
    const { listed, claimed } = await standingIn(this);
    expect(listed).toEqual(claimed);
    return result;
  }
}

class CheckedOneStreamStore extends OneStreamEventStore {
  #appends = 0;

  /** Appends that fail, by their number. */
  constructor(readonly deaths: Set<number>) {
    super();
  }

  override async append(...given: Parameters<InMemoryEventStore['append']>) {
    this.#appends += 1;
    if (this.deaths.has(this.#appends)) throw new Error('died');
    const result = await super.append(...given);
    const { listed, claimed } = await standingIn(this);
    expect(claimed).toMatchObject(listed);
    return result;
  }
}

/** SKU per channel and external id: as the variants say, and as the claims do. */
async function standingIn(store: InMemoryEventStore) {
  const { events } = await store.readAll({ after: 0, limit: 10_000 });
  const claimed = new Map<string, string>();
  const listings = new Set<string>();
  for (const { type, data } of events as readonly RecordedEvent<CatalogEvent>[]) {
    if (!('externalId' in data)) continue;
    const key = `${data.channel}/${data.externalId}`;
    if (type === 'ExternalIdClaimed') claimed.set(key, data.sku);
    if (type === 'ExternalIdReleased') claimed.delete(key);
    if (type === 'ListingCreated') listings.add(JSON.stringify([key, data.sku]));
    if (type === 'ListingEnded') listings.delete(JSON.stringify([key, data.sku]));
  }
  const listed: [key: string, sku: string][] = [...listings].map((listing) => JSON.parse(listing));
  expect(new Set(listed.map(([key]) => key)).size).toBe(listed.length);
  return { listed: Object.fromEntries(listed), claimed: Object.fromEntries(claimed) };
}
