import { beforeEach, describe, expect, it } from '@jest/globals';
import { CollectsWhenQuiet, type Heap } from './collect-when-quiet.js';

const MiB = 1_048_576;

/** A process whose load a spec decides on. */
class PretendedHeap implements Heap {
  private ms = 0;
  private usedMs = 0;
  bytes = 60 * MiB;
  bytesInUse = 50 * MiB;
  collections = 0;

  pass(seconds: number, share: number): void {
    this.ms += seconds * 1_000;
    this.usedMs += seconds * 1_000 * share;
  }

  cpuMs = () => this.usedMs;
  now = () => this.ms;
  totalBytes = () => this.bytes;
  collect = () => {
    this.collections += 1;
    this.bytes = this.bytesInUse;
  };
}

let heap: PretendedHeap;
let collector: CollectsWhenQuiet;
const look = (times: number, share: number) => {
  for (let time = 0; time < times; time += 1) {
    heap.pass(30, share);
    collector.look();
  }
};
beforeEach(() => {
  heap = new PretendedHeap();
  collector = new CollectsWhenQuiet(heap);
});

describe('garbage', () => {
  it('is not collected while there is work to do', () => {
    heap.bytes = 500 * MiB;
    look(20, 0.6);
    expect(heap.collections).toBe(0);
  });

  it('is collected when the load is over, and again when the caches are empty', () => {
    heap.bytes = 500 * MiB;
    look(10, 0.6);
    look(1, 0.01);
    expect(heap.collections).toBe(1);
    look(100, 0.01);
    expect(heap.collections).toBe(2);
  });

  it('is collected under a light load each time the heap has grown', () => {
    look(1, 0.1);
    heap.bytes += 20 * MiB;
    look(1, 0.1);
    expect(heap.collections).toBe(1);
    heap.bytes += 20 * MiB;
    look(1, 0.1);
    expect(heap.collections).toBe(2);
  });
});

it('gives memory back to the system', () => {
  let garbage: unknown[] | undefined = Array.from({ length: 400_000 }, (_, index) => ({ index, text: `${index}` }));
  const full = process.memoryUsage().heapTotal;
  expect(garbage).toHaveLength(400_000);
  garbage = undefined;
  new CollectsWhenQuiet().look();
  expect(process.memoryUsage().heapTotal).toBeLessThan(full - 10 * MiB);
});
