import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  channelIdSchema,
  currency,
  externalId,
  isoDay,
  isoInstant,
  moneyMinor,
  priceMinor,
  quantity,
  revisionNumber,
  signedQuantity,
  skuSchema,
  textBlock,
  textLine,
  uuid,
} from './shapes.js';

const CJK_55 = `${'注文'.repeat(27)}一`;

describe('shapes', () => {
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
    ['currency', currency, ['EUR', 'JPY', 'USD', 'ZWG', 'HRK'], ['eur', 'XQQ', 'XXX', 'XAU', 'EURO', '', 978]],
    [
      'sku',
      skuSchema,
      ['A', '85123A', 'A/B', 'BANK CHARGES', 'Ä-1', '杯', 'x'.repeat(64), '🧵'.repeat(64), ' A\n', 'می\u200cخ'],
      ['', ' ', '\u200b', 'a\tb', 'a\u0000', 'a\u0085b', 'a\u2028b', '\ud800', 'a\udc00b', 'x'.repeat(65), 1],
    ],
    [
      'slug',
      channelIdSchema,
      ['web', 'a', '7-eleven', `a${'b'.repeat(62)}`],
      ['', '-a', 'constructor', 'Web', 'a_b', 'a b', `a${'b'.repeat(63)}`, 'a\nb'],
    ],
    [
      'externalId',
      externalId,
      ['1', 'A-1001', 'a b', '#1001', 'ä', CJK_55, '単'.repeat(128), 'x'.repeat(128)],
      ['', '\u00a0', 'a\nb', 'x'.repeat(129)],
    ],
    ['textLine', textLine(3), ['abc', ' 🧵🧵🧵 '], ['', 'abcd', 'a\nb', '\ud83e']],
    ['textBlock', textBlock(3), ['', 'a\nb', '\tab\r\n'], ['abcd', 'a\u0000', '\udfff']],
    ['revisionNumber', revisionNumber, [0, 1_767_225_600_000, Number.MAX_SAFE_INTEGER], [-1, 0.5, 2 ** 53, '1', null]],
    ['isoDay', isoDay, ['2026-01-31', '0000-01-01'], ['2026-02-30', '31.01.2026', '+010000-01-01']],
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

  it.each([
    ['2026-01-31T13:00:00+01:00', '2026-01-31T12:00:00.000Z'],
    ['9999-12-31T23:59:59-10:00', '9999-12-31T23:59:59.999Z'],
    ['0000-01-01T00:00:00+10:00', '0001-01-01T00:00:00.000Z'],
  ])('hands the instant %s on as %s', (sent, handedOn) => {
    expect(isoInstant.parse(sent)).toBe(handedOn);
  });

  it.each([
    ['ABC-1', ['ABC-1', ' ABC-1', 'ABC-1 ', 'ABC-1\u00a0', '\ufeffABC-1\u200b', 'ABC-1\u3000\r\n']],
    ['KÄSE', ['KÄSE', 'KA\u0308SE', 'KA\u0308SE ']],
  ])('takes every spelling of %s for one id', (id, spellings) => {
    expect(spellings.map((spelling) => skuSchema.parse(spelling))).toEqual(spellings.map(() => id));
  });

  it('says in JSON Schema what it takes, in patterns without properties and look-behind', () => {
    const { pattern = '', ...said } = z.toJSONSchema(skuSchema, { io: 'input' });
    expect(said).toMatchObject({ type: 'string', minLength: 1, maxLength: 64, description: 'Stock keeping unit' });
    expect(pattern).not.toMatch(/\\p|\(\?|\\u/);
    const taken = ['A', 'A b', 'Ä', '杯', 'می\u200cخ', ' A'];
    const refused = ['', ' ', '\u00a0\u3000', '\u200b', 'a\u0000', 'a\nb', 'a\u2028b'];
    expect([...taken, ...refused].filter((text) => new RegExp(pattern).test(text))).toEqual(taken);
  });
});
