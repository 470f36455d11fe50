import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { idFrom, idsAt, newId } from './ids.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([78])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('ids', () => {
  it('are new every time, and in the order of their milliseconds', () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => newId(1_700_000_000_000 + index));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
    expect(ids.every((id) => UUID.exec(id)?.[1] === '7')).toBe(true);
  });

  it('from a name are those that were stored under it before', () => {
    expect(idFrom('abc')).toBe('a9993e36-4706-816a-ba3e-25717850c26c');
    expect(idFrom('Größe/1')).toBe('c9b4959b-ed2e-86c4-a535-e793f2236be6');
  });

  it('from a name are the same every time, and others for other names', () => {
    expect(idFrom('a')).toBe(idFrom('a'));
    expect(idFrom('a')).not.toBe(idFrom('b'));
    expect(UUID.exec(idFrom('a'))?.[1]).toBe('8');
  });

  it('of a place are the same every time, and others for another place or another id', () => {
    const numbers = Array.from({ length: 200 }, (_, index) => String(index).padStart(12, '0'));
    const random = numbers.map(() => newId());
    const counted = numbers.map((number) => `00000000-0000-7000-8000-${number}`);
    const noUuids = [
      ...numbers,
      ...random.flatMap((id) => [id.toUpperCase(), id.slice(1), `x${id.slice(1)}`, id.replace('-', '_')]),
    ];
    const all = [...random, ...counted, ...noUuids];
    const idsOf = (place: number) => all.map(idsAt(`stock-a/${place}`));
    const ids = Array.from({ length: 20 }, (_, place) => idsOf(place)).flat();
    expect(new Set(ids).size).toBe(20 * all.length);
    expect(ids.every((id) => UUID.exec(id)?.[1] === '8')).toBe(true);
    expect(idsOf(3)).toEqual(ids.slice(3 * all.length, 4 * all.length));
  });

  it('of a place are those that were stored under it before', () => {
    const ids = idsAt('stock-85123A/0');
    expect(ids('0193b5a0-0000-7000-8000-0123456789ab')).toBe('3ec9015b-437a-8dd5-9e75-6e37b4fe79e3');
    expect(ids('till-4711')).toBe('7a35f075-cc05-8a1d-bfa9-4b98e8feecc7');
  });

  it('of twenty thousand places keep no buffer alive', async () => {
    const before = await bufferBytes();
    const makers = Array.from({ length: 20_000 }, (_, place) => {
      // What else takes from the shared pages of small buffers meanwhile.
      Buffer.from(`a request of ${place}`.repeat(100));
      return idsAt(`stock-${place}/0`);
    });
    expect((await bufferBytes()) - before).toBeLessThan(2_000_000);
    expect(makers).toHaveLength(20_000);
  });
});

/** Of what is still in use: the memory of freed buffers is given back by a thread of its own, some moments after each collection. */
async function bufferBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 10; round += 1) {
    collect();
    await setImmediate();
    bytes = Math.min(bytes, process.memoryUsage().arrayBuffers);
  }
  return bytes;
}
