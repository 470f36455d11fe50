import { z } from 'zod';
import { MAX_QUANTITY } from '#kernel';

// Shapes that events and APIs share. Personal data has no shape here: events know people by keyed hashes only.

export const units = z.int().min(1).max(MAX_QUANTITY);
export const unitsOrNone = z.int().min(0).max(MAX_QUANTITY);
export const signedUnits = z.int().min(-MAX_QUANTITY).max(MAX_QUANTITY);
export const minorAmount = z.int().min(0);
export const currencyCode = z.string().length(3);
export const instant = z.iso.datetime();
/** HMAC-SHA-256 under the installation's key, in hex: equal for equal people, and nothing else. */
export const keyedHash = z.string().regex(/^[0-9a-f]{64}$/);

/** Units at one location. */
export const unitsAt = z.strictObject({ locationId: z.string(), units });
export type UnitsAt = z.output<typeof unitsAt>;
