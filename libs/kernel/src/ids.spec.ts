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
});
