import { describe, expect, it } from '@jest/globals';
import { soldBy } from './sold.js';

const line = (lineId: string, more: object = {}) => ({ lineId, sku: 'MUG', units: 1, unitPriceMinor: 500, ...more });

describe('the lines of a sale', () => {
  it('are distinguished where they share an id, goods and charges alike', () => {
    const lines = [
      line('1'),
      line('1', { units: 2 }),
      line('1/2'),
      line('1', { sku: '', unitPriceMinor: 490 }),
      line('2'),
    ];
    const sold = soldBy(lines, ({ sku }) => sku ?? undefined);
    expect(sold.lines.map(({ lineId, units }) => [lineId, units])).toEqual([
      ['1', 1],
      ['1/3', 2],
      ['1/2', 1],
      ['2', 1],
    ]);
    expect(sold.charges).toEqual([{ lineId: '1/4', amountMinor: 490 }]);
  });

  it('keep the ids they have, and a long one fits with its number', () => {
    expect(soldBy([line('a'), line('b')], () => 'MUG').lines.map(({ lineId }) => lineId)).toEqual(['a', 'b']);
    const long = soldBy([line('x'.repeat(64)), line('x'.repeat(64))], () => 'MUG').lines[1]?.lineId;
    expect(long).toBe(`${'x'.repeat(59)}/2`);
  });
});
