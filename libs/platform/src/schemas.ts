import { z } from 'zod';
import { type ChannelId, type LocationId, MAX_QUANTITY, type Sku } from '#kernel';

/** A whole number of units, 1 to {@link MAX_QUANTITY}. */
export const quantity = z
  .int(`Send a whole number from 1 to ${MAX_QUANTITY}.`)
  .min(1, 'Send at least 1.')
  .max(MAX_QUANTITY, `Send at most ${MAX_QUANTITY}.`)
  .meta({ description: 'Whole units', examples: [2] });

/** A change in units, up or down, never 0. */
export const signedQuantity = z
  .int(`Send a whole number from -${MAX_QUANTITY} to ${MAX_QUANTITY}.`)
  .min(-MAX_QUANTITY, `Send at least -${MAX_QUANTITY}.`)
  .max(MAX_QUANTITY, `Send at most ${MAX_QUANTITY}.`)
  .refine((value) => value !== 0, 'A change of 0 changes nothing. Send another number.')
  .meta({ description: 'Whole units to add (above 0) or take (below 0)', examples: [-3] });

/** A merchant's own code for a sellable thing. Any printable text: slashes and inner blanks exist in real catalogues. */
export const skuSchema = branded<Sku>(
  z
    .string()
    .min(1, 'Send at least one character.')
    .max(64, 'Send at most 64 characters.')
    .regex(/^(?! )[\p{L}\p{M}\p{N}\p{P}\p{S} ]*(?<! )$/u, 'Send printable characters without blanks at the ends.')
    .meta({ description: 'Stock keeping unit', examples: ['85123A'] }),
);

export const channelIdSchema = branded<ChannelId>(slug('Sales channel', 'web-shop'));
export const locationIdSchema = branded<LocationId>(slug('Place that holds stock', 'main-warehouse'));

/** A name that goes into URLs and stream names: lower case letters, digits and hyphens, at most 63. */
export function slug(description: string, example: string): z.ZodString {
  return z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9-]{0,62}$/,
      'Send 1 to 63 lower case letters, digits and hyphens, starting with a letter or digit.',
    )
    .meta({ description, examples: [example] });
}

/** An ISO 4217 code the runtime knows. */
export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'Send a currency code of three capital letters, such as EUR.')
  .refine((code) => CURRENCIES.has(code), 'This is no ISO 4217 currency code. Send one such as EUR, USD or JPY.')
  .meta({ description: 'ISO 4217 currency code', examples: ['EUR'] });

/** An amount of minor units, of any sign, exact in a double. */
export const moneyMinor = z
  .int('Send a whole number of minor units (cents) between -(2^53 - 1) and 2^53 - 1.')
  .meta({ description: 'Minor units of the currency (cents)', examples: [1299] });

/** A price: minor units, 0 or more. */
export const priceMinor = moneyMinor
  .min(0, 'A price is 0 or more.')
  .meta({ description: 'Price in minor units (cents)', examples: [1299] });

/** The kernel's Money. */
export const money = z.strictObject({ amountMinor: moneyMinor, currency }).meta({ id: 'Money' });

/** An instant with its zone, handed on in UTC with milliseconds. */
export const isoInstant = z.iso
  .datetime({ offset: true, abort: true, error: 'Send an instant with its zone, such as 2026-01-31T12:00:00Z.' })
  .overwrite((value) => new Date(value).toISOString())
  .meta({ description: 'Instant, ISO 8601 with a zone', examples: ['2026-01-31T12:00:00.000Z'] });

/** An id another system gave: an order number, a listing id. Kept as it is, 1 to 128 printable ASCII characters. */
export const externalId = z
  .string()
  .regex(
    /^[\x21-\x7e]([\x20-\x7e]{0,126}[\x21-\x7e])?$/,
    'Send 1 to 128 printable ASCII characters without blanks at the ends.',
  )
  .meta({ description: 'Id in the other system', examples: ['A-1001'] });

/** A UUID such as order and profile ids are. */
export const uuid = z.guid('Send a UUID, such as 0197c1f0-5b7a-7cc0-8000-2f1a4b6c8d0e.');

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));

/** The one place where a checked string becomes a kernel id; the brand exists for the compiler only. */
function branded<Id extends string>(schema: z.ZodString): z.ZodType<Id, string> {
  return schema as z.ZodType<unknown, string> as z.ZodType<Id, string>;
}
