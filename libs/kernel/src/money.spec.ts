import { describe, expect, it } from '@jest/globals';
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
  ])('reads %s in %s as %s minor units', (text, currency, expected) => {
    expect(parseMinor(text, currency)).toBe(expected);
  });

  it('refuses to add two currencies', () => {
    expect(() => addMoney({ amountMinor: 1, currency: 'EUR' }, { amountMinor: 1, currency: 'USD' })).toThrow(
      expect.objectContaining({ code: 'currency-mismatch' }),
    );
  });
});
