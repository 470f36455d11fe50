import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DueListings, type Sending, type WantedListing } from './due-listings.js';

const wanted = (sku: string, more: Partial<WantedListing> = {}): WantedListing => ({
  sku,
  externalId: `x-${sku}`,
  listedAt: 1,
  ending: false,
  quantity: 1,
  revision: 1,
  sequence: 1,
  sinceMs: 1_000,
  acknowledgedQuantity: null,
  attempts: 0,
  notBeforeMs: 0,
  ...more,
});
const skusOf = (sendings: readonly Sending[]) => sendings.map(({ sku }) => sku);
const first = ([sending]: readonly Sending[]): Sending => {
  if (!sending) throw new Error('Nothing was due.');
  return sending;
};

describe('due listings', () => {
  it('come decreases first, then the oldest', () => {
    const due = new DueListings(10);
    due.want(wanted('old-increase', { acknowledgedQuantity: 0, sinceMs: 1 }));
    due.want(wanted('young-decrease', { acknowledgedQuantity: 5, sinceMs: 30 }));
    due.want(wanted('young-increase', { acknowledgedQuantity: 0, sinceMs: 20 }));
    due.want(wanted('old-decrease', { acknowledgedQuantity: 5, sinceMs: 10 }));
    expect(skusOf(due.take(3, 100))).toEqual(['old-decrease', 'young-decrease', 'old-increase']);
    expect(skusOf(due.take(3, 100))).toEqual(['young-increase']);
  });

  it('move to the front when an increase becomes a decrease', () => {
    const due = new DueListings(10);
    due.want(wanted('a', { acknowledgedQuantity: 5, quantity: 7, sinceMs: 1 }));
    due.want(wanted('b', { acknowledgedQuantity: 5, quantity: 7, sinceMs: 2 }));
    due.want(wanted('b', { acknowledgedQuantity: 5, quantity: 3, sequence: 2 }));
    expect(skusOf(due.take(1, 100))).toEqual(['b']);
  });

  it('are sent with their newest number only', () => {
    const due = new DueListings(10);
    due.want(wanted('a', { quantity: 4, sequence: 2 }));
    due.want(wanted('a', { quantity: 9, sequence: 1 }));
    due.want(wanted('a', { quantity: 3, sequence: 3 }));
    expect(due.take(10, 100)).toMatchObject([{ sku: 'a', quantity: 3, sequence: 3 }]);
  });

  it('with another number for the same stock revision take the later one', () => {
    const due = new DueListings(10);
    due.want(wanted('a', { quantity: 4, revision: 7, sequence: 2 }));
    due.want(wanted('a', { quantity: 1, revision: 7, sequence: 3 }));
    expect(due.take(10, 100)).toMatchObject([{ quantity: 1, revision: 7 }]);
  });

  it('are not handed out again while they are on their way', () => {
    const due = new DueListings(10);
    due.want(wanted('a'));
    due.take(1, 100);
    due.want(wanted('a', { quantity: 3, sequence: 2 }));
    expect(due.take(1, 100)).toEqual([]);
  });

  it('stay wanted when a newer number came while one was on its way, with lag from that change on', () => {
    const due = new DueListings(10);
    due.want(wanted('a', { sinceMs: 1_000 }));
    const sent = first(due.take(1, 1_000));
    due.want(wanted('a', { quantity: 3, sequence: 2, sinceMs: 1_010 }));
    due.want(wanted('a', { quantity: 2, sequence: 3, sinceMs: 1_020 }));
    expect(due.acknowledged(sent, 1_050)).toEqual({ lagMs: 50, nextSinceMs: 1_010 });
    const next = first(due.take(1, 1_050));
    expect(next).toMatchObject({ quantity: 2, sequence: 3 });
    expect(due.acknowledged(next, 1_060)).toEqual({ lagMs: 50 });
    expect(due.size).toBe(0);
  });

  it('that failed wait until their time', () => {
    const due = new DueListings(10);
    due.want(wanted('a'));
    due.failed(first(due.take(1, 0)), 500);
    expect(due.take(1, 499)).toEqual([]);
    expect(due.dueInMs(400)).toBe(100);
    expect(due.take(1, 500)).toMatchObject([{ sku: 'a', attempts: 1 }]);
  });

  it('go up where a lower number may have arrived, although the acknowledged one is higher', () => {
    const due = new DueListings(10);
    due.want(wanted('a', { acknowledgedQuantity: 5, quantity: 0 }));
    due.failed(first(due.take(1, 0)), 0);
    due.want(wanted('a', { quantity: 1, sequence: 2 }));
    expect(due.take(1, 10, 1_000)).toEqual([]);
    expect(due.take(1, 1_000, 1_000)).toMatchObject([{ quantity: 1, increase: true }]);
  });

  it('of several offers of a SKU differ', () => {
    const due = new DueListings(10);
    due.want(wanted('a', { externalId: 'x-1' }));
    due.want(wanted('a', { externalId: 'x-2' }));
    expect(due.take(10, 100).map(({ externalId }) => externalId)).toEqual(['x-1', 'x-2']);
  });

  it('of an offer that ended come at once with 0, before increases, although it waited for its next attempt', () => {
    const due = new DueListings(10);
    due.want(wanted('a', { acknowledgedQuantity: 5, quantity: 7 }));
    due.failed(first(due.take(1, 0)), 60_000);
    due.want(wanted('b', { acknowledgedQuantity: 1, quantity: 9, sinceMs: 1 }));
    due.want(wanted('a', { quantity: 0, sequence: 2, ending: true }));
    expect(due.take(2, 100)).toMatchObject([{ sku: 'a', quantity: 0, ending: true, attempts: 0 }, { sku: 'b' }]);
  });

  it('of an id that is offered again are another offer, whatever was on its way for the former', () => {
    const due = new DueListings(10);
    due.want(wanted('a', { quantity: 0, sequence: 8, ending: true }));
    const last = first(due.take(1, 0));
    due.want(wanted('a', { quantity: 3, sequence: 7, listedAt: 2 }));
    expect(due.acknowledged(last, 10)).toBeUndefined();
    expect(due.take(1, 10)).toMatchObject([{ quantity: 3, listedAt: 2, ending: false }]);
    due.want(wanted('a', { quantity: 0, sequence: 9, ending: true }));
    expect(due.size).toBe(1);
  });

  it('beyond the bound are left to the ledger', () => {
    const due = new DueListings(2);
    due.incomplete = false;
    for (const sku of ['a', 'b', 'c']) due.want(wanted(sku));
    expect(due.size).toBe(2);
    expect(due.incomplete).toBe(true);
  });

  it('make room for new ones by leaving to the ledger what waits for its next attempt', () => {
    const due = new DueListings(1);
    due.want(wanted('a'));
    due.failed(first(due.take(1, 0)), 60_000);
    due.want(wanted('b'));
    expect(skusOf(due.take(1, 100))).toEqual(['b']);
    expect(due.incomplete).toBe(true);
  });

  it('take no more memory when a number goes up and down while nothing is sent', () => {
    const due = new DueListings(1);
    for (let sequence = 1; sequence <= 5_000; sequence += 1) {
      due.want(wanted('a', { acknowledgedQuantity: 5, quantity: sequence % 2 === 0 ? 3 : 7, sequence }));
    }
    expect(due.take(10, 100)).toMatchObject([{ quantity: 3, sequence: 5_000 }]);
    expect(due.take(10, 100)).toEqual([]);
  });
});

// A ledger and a channel as small as can be, around the real DueListings: rows are durable before they are handed on, answers
// are stored, and after a crash everything starts from the rows.
const SKUS = ['a', 'b', 'c'];
const step = fc.oneof(
  fc.record({
    do: fc.constant('change' as const),
    sku: fc.constantFrom(...SKUS),
    quantity: fc.integer({ min: 0, max: 3 }),
  }),
  fc.record({ do: fc.constant('take' as const), limit: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    do: fc.constant('answer' as const),
    how: fc.constantFrom('taken', 'taken-unheard', 'failed', 'throttled', 'partly'),
  }),
  fc.record({ do: fc.constant('crash' as const) }),
);

describe('pushes in any order of changes, answers, failures and crashes', () => {
  it('end with the newest number on the channel, and never bring an older one after a newer one was acknowledged', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const world = new World();
        for (const each of steps) world.run(each);
        world.settle();
        for (const sku of SKUS) expect(world.shown.get(sku)?.quantity).toBe(world.newest.get(sku));
      }),
      { numRuns: 2_000 },
    );
  });
});

class World {
  readonly newest = new Map<string, number>();
  readonly shown = new Map<string, { quantity: number; sequence: number }>();
  readonly #rows = new Map<string, Row>();
  readonly #acknowledged = new Map<string, number>();
  #due = new DueListings(2);
  #inFlight: Sending[] = [];
  #sequence = 0;
  #nowMs = 1_000_000;

  run(
    step:
      | { do: 'change'; sku: string; quantity: number }
      | { do: 'take'; limit: number }
      | { do: 'answer'; how: string }
      | { do: 'crash' },
  ): void {
    this.#nowMs += 10;
    if (step.do === 'change') this.#change(step.sku, step.quantity);
    else if (step.do === 'take') this.#take(step.limit);
    else if (step.do === 'answer') this.#answer(step.how);
    else this.#crash();
  }

  /** Everything goes well from now on. */
  settle(): void {
    for (let turn = 0; turn < 50; turn += 1) {
      this.#nowMs += 10_000;
      this.#answer('taken');
      if (this.#due.incomplete) this.#read();
      this.#take(3);
    }
  }

  #change(sku: string, quantity: number): void {
    this.#sequence += 1;
    this.newest.set(sku, quantity);
    const row = this.#rows.get(sku);
    const settled = row !== undefined && row.acknowledged === row.sequence;
    const same = settled && row.acknowledgedQuantity === quantity;
    const changed: Row = {
      quantity,
      sequence: this.#sequence,
      acknowledged: same ? this.#sequence : (row?.acknowledged ?? -1),
      acknowledgedQuantity: row?.acknowledgedQuantity ?? null,
    };
    this.#rows.set(sku, changed);
    if (!same) this.#due.want(this.#wantedOf(sku, changed));
  }

  #take(limit: number): void {
    if (this.#inFlight.length > 0) return;
    this.#inFlight = this.#due.take(limit, this.#nowMs);
  }

  #answer(how: string): void {
    const sent = this.#inFlight;
    this.#inFlight = [];
    for (const [index, each] of sent.entries()) {
      const reaches = how === 'taken' || how === 'taken-unheard' || (how === 'partly' && index === 0);
      if (reaches) this.#show(each);
      if (reaches && how !== 'taken-unheard') this.#store(each);
      else if (how === 'throttled') this.#due.putBack(each);
      else this.#due.failed(each, this.#nowMs + 50);
    }
  }

  #show({ sku, quantity, sequence }: Sending): void {
    expect(sequence).toBeGreaterThanOrEqual(this.#acknowledged.get(sku) ?? -1);
    this.shown.set(sku, { quantity, sequence });
  }

  #store(sent: Sending): void {
    this.#due.acknowledged(sent, this.#nowMs);
    this.#acknowledged.set(sent.sku, sent.sequence);
    const row = this.#rows.get(sent.sku);
    if (row && row.acknowledged < sent.sequence)
      Object.assign(row, { acknowledged: sent.sequence, acknowledgedQuantity: sent.quantity });
  }

  /** What is on its way may have arrived. */
  #crash(): void {
    for (const each of this.#inFlight.slice(0, 1)) this.#show(each);
    this.#inFlight = [];
    this.#due = new DueListings(2);
    this.#read();
  }

  #read(): void {
    this.#due.incomplete = false;
    for (const [sku, row] of this.#rows) if (row.sequence > row.acknowledged) this.#due.want(this.#wantedOf(sku, row));
  }

  #wantedOf(sku: string, { quantity, sequence, acknowledgedQuantity }: Row): WantedListing {
    return wanted(sku, { quantity, revision: sequence, sequence, sinceMs: this.#nowMs, acknowledgedQuantity });
  }
}

interface Row {
  quantity: number;
  sequence: number;
  acknowledged: number;
  acknowledgedQuantity: number | null;
}
