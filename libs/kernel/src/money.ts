import { minorDigits } from './currencies.js';
import { Rejected } from './rejected.js';

/** An amount in minor units (cents) of an ISO 4217 currency. Never a float. */
export interface Money {
  readonly amountMinor: number;
  readonly currency: string;
}

/** The sum of two amounts of one currency. Throws `Rejected('currency-mismatch')` for two currencies. */
export function addMoney(a: Money, b: Money): Money {
  if (a.currency !== b.currency) {
    throw new Rejected(
      'invalid',
      'currency-mismatch',
      `An amount in ${a.currency} cannot be added to one in ${b.currency}.`,
    );
  }
  return { amountMinor: a.amountMinor + b.amountMinor, currency: a.currency };
}

/**
 * A decimal text such as "12.99" or "-0.5" as minor units of `currency`; undefined when it is no decimal number, has
 * more digits than the currency, or exceeds 2^53, and for an unknown currency.
 */
export function parseMinor(text: string, currency: string): number | undefined {
  const digits = minorDigits(currency);
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.trim());
  if (!match || digits === undefined) return undefined;
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > digits) return undefined;
  const minor = Number(`${match[2]}${fraction.padEnd(digits, '0')}`);
  if (!Number.isSafeInteger(minor)) return undefined;
  return match[1] && minor !== 0 ? -minor : minor;
}
