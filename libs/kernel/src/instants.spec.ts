import { describe, expect, it } from '@jest/globals';
import { refusedInstant, utcInstant } from './instants.js';

const NOW = '2026-01-31T12:00:00.000Z';

describe('instants', () => {
  it.each([
    ['2026-01-31T13:00:00+01:00', '2026-01-31T12:00:00.000Z'],
    ['9999-12-31T23:59:59-10:00', '9999-12-31T23:59:59.999Z'],
    ['0000-01-01T00:00:00+10:00', '0001-01-01T00:00:00.000Z'],
    ['tomorrow', undefined],
  ])('%s is %s in UTC', (text, expected) => {
    expect(utcInstant(text)).toBe(expected);
  });

  it.each(['1970-01-01T00:00:00.000Z', '2010-12-01T08:26:00.000Z', NOW, '2026-02-03T12:00:00.000Z'])(
    'a fact may have happened at %s',
    (instant) => {
      expect(refusedInstant('placedAt', instant, NOW)).toBeUndefined();
    },
  );

  it.each(['1969-12-31T23:59:59.999Z', '2026-02-03T12:00:00.001Z', '9999-12-31T23:59:59.999Z', 'tomorrow'])(
    'no fact happened at %s',
    (instant) => {
      expect(refusedInstant('placedAt', instant, NOW)).toMatchObject({ kind: 'invalid', code: 'invalid-placed-at' });
    },
  );
});
