import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import {
  channelIdSchema,
  currency,
  externalId,
  isoInstant,
  moneyMinor,
  priceMinor,
  quantity,
  signedQuantity,
  skuSchema,
  uuid,
} from './index.js';

describe('common schemas', () => {
  it.each<[name: string, schema: z.ZodType, good: readonly unknown[], bad: readonly unknown[]]>([
    [
      'quantity',
      quantity,
      [1, 1_000_000_000],
      [0, -1, 1.5, 1_000_000_001, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined],
    ],
    ['signedQuantity', signedQuantity, [1, -1, -1_000_000_000], [0, -0, 0.5, -1_000_000_001, '1']],
    ['moneyMinor', moneyMinor, [0, -1, Number.MAX_SAFE_INTEGER], [0.1, 2 ** 53, '5']],
    ['priceMinor', priceMinor, [0, 1299], [-1, 0.5]],
    ['currency', currency, ['EUR', 'JPY', 'USD'], ['eur', 'XQQ', 'EURO', '', 978]],
    [
      'sku',
      skuSchema,
      ['A', '85123A', 'A/B', 'BANK CHARGES', 'Ä-1', '杯', 'x'.repeat(64)],
      ['', ' A', 'A ', 'A\n', 'a\tb', 'a\u0000', '\u200b', 'x'.repeat(65), 1],
    ],
    [
      'slug',
      channelIdSchema,
      ['web', 'a', '7-eleven', `a${'b'.repeat(62)}`],
      ['', '-a', 'Web', 'a_b', 'a b', `a${'b'.repeat(63)}`, 'a\n'],
    ],
    ['externalId', externalId, ['1', 'A-1001', 'a b', 'x'.repeat(128)], ['', ' a', 'a ', 'ä', 'x'.repeat(129)]],
    ['uuid', uuid, ['0197c1f0-5b7a-8cc0-8000-2f1a4b6c8d0e'], ['', 'x', '0197c1f05b7a8cc080002f1a4b6c8d0e']],
    [
      'isoInstant',
      isoInstant,
      ['2026-01-31T12:00:00Z', '2024-02-29T23:59:59.999+14:00'],
      ['2026-01-31', '2026-01-31T12:00:00', '2026-02-30T00:00:00Z', '2026-01-31T12:00:00+99:99', 'now', 5],
    ],
  ])('%s', (_name, schema, good, bad) => {
    expect(good.filter((value) => !schema.safeParse(value).success)).toEqual([]);
    expect(bad.filter((value) => schema.safeParse(value).success)).toEqual([]);
  });

  it('hands instants on in UTC with milliseconds', () => {
    expect(isoInstant.parse('2026-01-31T13:00:00+01:00')).toBe('2026-01-31T12:00:00.000Z');
  });
});
