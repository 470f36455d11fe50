import { describe, expect, it } from '@jest/globals';
import { endOf, outputOf, startProgram } from '../e2e/support/programs.js';

describe('the benchmarks', () => {
  it('load, and say which there are', async () => {
    const program = startProgram('test/bench/main', ['--help'], {});
    const output = outputOf(program);
    expect(await endOf(program)).toBe(0);
    for (const name of [
      'hot-sku',
      'spread',
      'entrances',
      'baskets',
      'reprojection',
      'rebuild',
      'growth',
      'kafka',
      'memory',
    ])
      expect(output()).toContain(name);
  });
});
