import { describe, expect, it } from '@jest/globals';
import { minorDigits } from './currencies.js';
import { addMoney, parseMinor } from './money.js';

describe('money', () => {
  it.each([
    ['12.99', 'EUR', 1299],
    ['-0.5', 'EUR', -50],
    ['7', 'JPY', 7],
    ['1.234', 'KWD', 1234],
    ['2.10', 'JPY', undefined],
    ['0.001', 'GBP', undefined],
    ['1e3', 'GBP', undefined],
    ['90071992547409.93', 'GBP', undefined],
    ['', 'GBP', undefined],
    ['12.99', 'XQQ', undefined],
    ['1299.00', 'HUF', 129_900],
    ['12.50', 'COP', 1250],
    ['1.250', 'IQD', 1250],
  ])('reads %s in %s as %s minor units', (text, currency, expected) => {
    expect(parseMinor(text, currency)).toBe(expected);
  });

  it('has the digits of ISO 4217, whatever the runtime says', () => {
    const digits = ['EUR', 'HUF', 'COP', 'IQD', 'JPY', 'KWD', 'CLF', 'ISK', 'MGA', 'XXX', 'eur'].map(minorDigits);
    expect(digits).toEqual([2, 2, 2, 3, 0, 3, 4, 0, 2, undefined, undefined]);
  });

  it('refuses to add two currencies', () => {
    expect(() => addMoney({ amountMinor: 1, currency: 'EUR' }, { amountMinor: 1, currency: 'USD' })).toThrow(
      expect.objectContaining({ code: 'currency-mismatch' }),
    );
  });
});
