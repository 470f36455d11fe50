import { describe, expect, it } from '@jest/globals';
import { inFunction, inMethod, plant, seam } from './planting.js';

class Counter {
  total = 0;
  add(units: number): void {
    this.total += units;
  }
}

const double = seam((units: number) => units * 2) as (units: number) => number;
const tooMuch = inFunction(double, (original) => (units) => original(units) + 1);
const twice = inMethod(
  Counter,
  'add',
  (add) =>
    function (units) {
      add.call(this, units);
      add.call(this, units);
    },
);
const bug = (faults: Parameters<typeof plant>[0]['faults']) => ({
  name: 'off-by-one',
  what: 'It is off by one.',
  faults,
});

function counted(units: number): number {
  const counter = new Counter();
  counter.add(units);
  return counter.total;
}

describe('a planted bug', () => {
  it('is in the system until it is taken out', () => {
    const remove = plant(bug([tooMuch, twice]));
    expect([double(2), counted(2)]).toEqual([5, 4]);
    remove();
    expect([double(2), counted(2)]).toEqual([4, 2]);
  });

  it('may have two faults at one seam', () => {
    const remove = plant(bug([tooMuch, tooMuch]));
    expect(double(2)).toBe(6);
    remove();
    expect(double(2)).toBe(4);
  });

  it('is refused as a whole where a seam is gone', () => {
    const gone = inFunction(
      (units: number) => units,
      (original) => original,
    );
    expect(() => plant(bug([tooMuch, gone]))).toThrow(/^No seam: /);
    expect(double(2)).toBe(4);
    const noMethod = inMethod({ prototype: Object.create(Counter.prototype) as Counter }, 'add', (add) => add);
    expect(() => plant(bug([twice, noMethod]))).toThrow('No seam: Counter has no method add.');
    expect(counted(2)).toBe(2);
  });
});
