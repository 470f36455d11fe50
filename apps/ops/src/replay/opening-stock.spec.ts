import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OpeningStock } from './opening-stock.js';

const change = fc.record({
  sku: fc.integer({ min: 0, max: 200 }).map((number) => `SKU-${number}`),
  kind: fc.constantFrom('sale' as const, 'movement' as const),
  units: fc.integer({ min: 1, max: 100 }),
  isLoss: fc.boolean(),
});

describe('opening stock', () => {
  it('lets the chosen SKUs run short and no other, and never leaves too little for a correction', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 400 }), (changes) => {
        const opening = new OpeningStock();
        for (const { sku, kind, units, isLoss } of changes) {
          if (kind === 'sale') opening.sale(sale(sku, units));
          else opening.movement(movement(sku, isLoss ? -units : units));
        }
        for (const { sku, units, runsShort } of opening.items()) {
          let [stock, moved] = [units, units];
          let [lowestStock, lowestMoved] = [stock, moved];
          for (const each of changes.filter((other) => other.sku === sku)) {
            const delta = each.kind === 'sale' || each.isLoss ? -each.units : each.units;
            stock += delta;
            if (each.kind === 'movement') moved += delta;
            lowestStock = Math.min(lowestStock, stock);
            lowestMoved = Math.min(lowestMoved, moved);
          }
          expect(lowestStock < 0).toBe(runsShort);
          expect(lowestMoved).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('chooses about one SKU in fifty', () => {
    const opening = new OpeningStock();
    for (let number = 0; number < 10_000; number += 1) opening.sale(sale(`SKU-${number}`, 10));
    const short = opening.items().filter(({ runsShort }) => runsShort).length;
    expect(short).toBeGreaterThan(150);
    expect(short).toBeLessThan(250);
  });

  it('takes title and price from the first sale that has one', () => {
    const opening = new OpeningStock();
    opening.movement({ ...movement('A', 5), description: 'check' });
    opening.sale(sale('A', 1, '', 0));
    opening.sale(sale('A', 1, 'FIRST', 255));
    opening.sale(sale('A', 1, 'SECOND', 300));
    opening.movement({ ...movement('B', 5), description: 'found' });
    opening.movement(movement('C', 5));
    expect(opening.items()).toMatchObject([
      { sku: 'A', title: 'FIRST', priceMinor: 255 },
      { sku: 'B', title: 'found' },
      { sku: 'C', title: 'C' },
    ]);
    expect(opening.earliestMs).toBe(1);
  });
});

const sale = (sku: string, units: number, description = '', unitPriceMinor = 100) => ({
  channel: 'web-shop',
  externalOrderId: '1',
  placedAtMs: 2,
  customer: '',
  line: 1,
  lines: [{ number: 1, sku, description, units, unitPriceMinor }],
});

const movement = (sku: string, units: number) => ({
  kind: 'adjustment' as const,
  line: 1,
  sku,
  description: '',
  units,
  occurredAtMs: 1,
});
