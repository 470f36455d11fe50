import { describe, expect, it } from '@jest/globals';
import { idFrom } from '#kernel';
import { reservationIdSchema } from '#platform';
import { metadataOfLine } from './reserve-stock.js';

const request = (key: string) => ({
  commandId: idFrom(key),
  correlationId: 'c-1',
  actor: 'shop',
  occurredAt: '2026-01-31T12:00:00.000Z',
});
const idsOf = (key: string) => Array.from({ length: 1_000 }, (_, line) => metadataOfLine(request(key), line).commandId);

describe('the lines of a request', () => {
  it('have the same command ids when the request comes again, each its own', () => {
    expect(idsOf('key-1')).toEqual(idsOf('key-1'));
    expect(new Set([...idsOf('key-1'), ...idsOf('key-2')]).size).toBe(2_000);
  });

  it('are named by ids that do as reservation ids, in a URL as they are', () => {
    for (const id of idsOf('key-1')) expect(encodeURIComponent(reservationIdSchema.parse(id))).toBe(id);
  });

  it('keep the rest of what the request says of itself', () => {
    const { commandId: _, ...rest } = request('key-1');
    expect(metadataOfLine(request('key-1'), 3)).toMatchObject(rest);
  });
});
