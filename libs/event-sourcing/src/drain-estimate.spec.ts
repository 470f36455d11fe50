import { describe, expect, it } from '@jest/globals';
import { DrainEstimate } from './drain-estimate.js';

describe('the drain estimate', () => {
  it('counts the turns that a full queue needs, at the pace of the turns of late', () => {
    const drain = new DrainEstimate(1_000);

    for (let turn = 0; turn < 100; turn += 1) drain.groupStored(1_000, 50);

    expect(drain.ofStream(10_000)).toBeCloseTo(500, -1);
  });

  it('is not led astray by one slow turn', () => {
    const drain = new DrainEstimate(1_000);
    for (let turn = 0; turn < 100; turn += 1) drain.groupStored(1_000, 5);

    drain.groupStored(1_000, 50);

    expect(drain.ofStream(10_000)).toBeLessThan(120);
  });

  it('of a full queue is not blown up by single commands before it', () => {
    const drain = new DrainEstimate(1_000);
    for (let turn = 0; turn < 1_000; turn += 1) {
      drain.turnTaken(1, 1_000);
      drain.groupStored(1, 10);
    }

    expect(drain.ofStream(16_000)).toBeLessThan(500);
    expect(drain.ofService(64_000)).toBeLessThan(1_000);
  });

  it('knows that a stream has less of a turn that others share', () => {
    const drain = new DrainEstimate(1_000);
    for (let turn = 0; turn < 100; turn += 1) {
      drain.turnTaken(260, 250);
      drain.groupStored(250, 20);
    }

    expect(drain.ofStream(10_000)).toBeGreaterThan(600);
  });

  it('of the service knows that streams take their turns side by side', () => {
    const drain = new DrainEstimate(1_000);
    for (let turn = 0; turn < 100; turn += 1) {
      drain.turnTaken(10_000, 1_000);
      drain.groupStored(10_000, 50);
    }

    expect(drain.ofService(60_000)).toBeLessThan(drain.ofStream(60_000) / 5);
  });
});
