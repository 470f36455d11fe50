import { describe, expect, it } from '@jest/globals';
import { DrainEstimate } from './drain-estimate.js';

describe('the drain estimate', () => {
  it('counts the turns that a full queue needs, at the pace of the turns of late', () => {
    const drain = new DrainEstimate(1_000);

    for (let turn = 0; turn < 20; turn += 1) drain.groupStored(1_000, 50);

    expect(drain.ofStream(10_000)).toBeCloseTo(500, -1);
  });

  it('of a full queue is not blown up by single commands before it', () => {
    const drain = new DrainEstimate(1_000);
    for (let turn = 0; turn < 1_000; turn += 1) {
      drain.turnTaken(1);
      drain.groupStored(1, 10);
    }

    expect(drain.ofStream(16_000)).toBeLessThan(500);
    expect(drain.ofService(64_000)).toBeLessThan(1_000);
  });

  it('of the service knows that streams take their turns side by side', () => {
    const drain = new DrainEstimate(1_000);
    for (let turn = 0; turn < 20; turn += 1) {
      drain.turnTaken(10_000);
      drain.groupStored(10_000, 50);
    }

    expect(drain.ofService(60_000)).toBeLessThan(drain.ofStream(60_000) / 5);
  });
});
