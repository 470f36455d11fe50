import type { UnitsAt } from '#contracts';
import { type Level, levelOf, type StockFigures } from './stock-levels.js';

/** How many units a location offers to a kind of taker. */
export type Source = (level: Readonly<Level>) => number;

/** Units for a line: from the first location that can give all of them, else from each in turn, as far as they reach. */
export function pick(units: number, figures: StockFigures, supply: readonly string[], source: Source): UnitsAt[] {
  const whole = supply.find((locationId) => source(levelOf(figures, locationId)) >= units);
  if (whole !== undefined) return [{ locationId: whole, units }];
  const offers = supply.map((locationId) => ({ locationId, units: Math.max(0, source(levelOf(figures, locationId))) }));
  return takeFrom(offers, units);
}

/** The first `units` of a list of parts. */
export function takeFrom(parts: readonly UnitsAt[], units: number): UnitsAt[] {
  let missing = units;
  return parts.flatMap((part) => {
    const taken = Math.min(part.units, missing);
    missing -= taken;
    return taken > 0 ? [{ locationId: part.locationId, units: taken }] : [];
  });
}
