import { toIso } from './clock.js';
import { Rejected } from './rejected.js';

/** How far ahead of our clock a fact may say it happened: time zones, clocks that are wrong, orders for tomorrow's opening. */
const MAX_DAYS_AHEAD = 3;

/**
 * An instant of any offset in UTC with milliseconds: always 24 characters, so that texts compare as times do. What lies
 * outside the years 1 to 9999 in UTC becomes the first or last instant of those. Undefined for what is no instant.
 */
export function utcInstant(text: string): string | undefined {
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? undefined : toIso(Math.min(Math.max(epochMs, FIRST_MS), LAST_MS));
}

/**
 * Why a fact cannot have happened then: before 1970, or more than {@link MAX_DAYS_AHEAD} days ahead of `now`. `field` is the
 * name of the field, such as `placedAt`; the code is made of it (`invalid-placed-at`).
 */
export function refusedInstant(field: string, instant: string, now: string): Rejected | undefined {
  const epochMs = Date.parse(instant);
  if (epochMs >= 0 && epochMs <= Date.parse(now) + MAX_DAYS_AHEAD * DAY_MS) return undefined;
  return new Rejected(
    'invalid',
    `invalid-${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    `${field} lies before 1970 or more than ${MAX_DAYS_AHEAD} days ahead. Send the instant at which it happened.`,
    { [field]: instant },
  );
}

const DAY_MS = 86_400_000;
const FIRST_MS = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');
