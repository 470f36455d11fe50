import { z } from 'zod';
import {
  type ChannelId,
  CURRENCY_CODES,
  charactersIn,
  INVISIBLE_RANGES,
  isCurrency,
  isOneLine,
  isPlainText,
  type LocationId,
  MAX_QUANTITY,
  normalText,
  type Sku,
  utcInstant,
} from '#kernel';

// The one set of shapes: REST, gRPC, messages of channels, files and the command line check what comes in with these, so
// that what one door lets in every later reader takes. JSON Schema says the same as far as other languages can read it.

// Text. Characters are counted as Unicode code points after normalisation.

/**
 * One line of text, such as an id, a name or a reason: NFC, without blanks at its ends (see `normalText`), 1 to
 * `maxCharacters` characters, none of them a control character or half of a surrogate pair.
 */
export const textLine = (maxCharacters: number): z.ZodString =>
  z
    .string()
    .overwrite(normalText)
    .min(1, 'Send at least one character.')
    .refine(isOneLine, 'Send one line of text, without control characters and in valid Unicode.')
    .refine(...atMost(maxCharacters))
    .meta({ maxLength: maxCharacters, pattern: linePattern() });

/** As {@link textLine}, with line ends and tabs, and possibly empty. */
export const textBlock = (maxCharacters: number): z.ZodString =>
  z
    .string()
    .overwrite(normalText)
    .refine(isPlainText, 'Send text without control characters other than line ends and tabs, in valid Unicode.')
    .refine(...atMost(maxCharacters))
    .meta({ maxLength: maxCharacters, pattern: blockPattern() });

/** A merchant's own code for a sellable thing. Any line of text: slashes, inner blanks and every script are in real catalogues. */
export const skuSchema = branded<Sku>(textLine(64).meta({ description: 'Stock keeping unit', examples: ['85123A'] }));

/** An id another system gave: an order number, a listing id, the number of a delivery note. */
export const externalId = textLine(128).meta({ description: 'Id in the other system', examples: ['A-1001'] });

/** Names a reservation within its SKU; the caller's own cart or checkout id does well. */
export const reservationIdSchema = externalId.meta({
  description: 'Id of the reservation within its SKU',
  examples: ['cart-7'],
});

/** Id of a line within its order. */
export const lineIdSchema = textLine(64).meta({ description: 'Id of the line within its order', examples: ['1'] });

/** Id of an order of ours: a UUID, or a channel, a dot and its own number, of which percent-encoding makes up to 12 characters each. */
export const orderIdSchema = textLine(63 + 1 + 128 * 12).meta({
  description: 'Id of the order, percent-encoded',
  examples: ['etsy.1001'],
});

/** Words of people for people: a reason, a restriction. */
export const reasonText = textLine(256).meta({ description: 'In a sentence', examples: ['Broken in the warehouse'] });

/** A name that goes into URLs and stream names: lower case letters, digits and hyphens, at most 63. */
export function slug(description: string, example: string): z.ZodString {
  return (
    z
      .string()
      .overwrite(normalText)
      .regex(
        /^[a-z0-9][a-z0-9-]{0,62}$/,
        'Send 1 to 63 lower case letters, digits and hyphens, starting with a letter or digit.',
      )
      // Numbers are kept by these names, in objects that have a property of this name already.
      .refine((name) => !(name in {}), 'This name cannot be used. Choose another.')
      .meta({ description, examples: [example], pattern: `^${blanks()}[a-z0-9][a-z0-9-]{0,62}${blanks()}$` })
  );
}

export const channelIdSchema = branded<ChannelId>(slug('Sales channel', 'web-shop'));
export const locationIdSchema = branded<LocationId>(slug('Place that holds stock', 'main-warehouse'));

/** A UUID such as order and profile ids are. */
export const uuid = z.guid('Send a UUID, such as 0197c1f0-5b7a-7cc0-8000-2f1a4b6c8d0e.');

// Numbers. Each is an exact integer in a double.

/** A whole number of units, 1 to {@link MAX_QUANTITY}. */
export const quantity = z
  .int(`Send a whole number from 1 to ${MAX_QUANTITY}.`)
  .min(1, 'Send at least 1.')
  .max(MAX_QUANTITY, `Send at most ${MAX_QUANTITY}.`)
  .meta({ description: 'Whole units', examples: [2] });

/** A whole number of units, 0 to {@link MAX_QUANTITY}. */
export const quantityOrNone = z
  .int(`Send a whole number from 0 to ${MAX_QUANTITY}.`)
  .min(0, 'Send 0 or more.')
  .max(MAX_QUANTITY, `Send at most ${MAX_QUANTITY}.`)
  .meta({ description: 'Whole units', examples: [2] });

/** A change in units, up or down, never 0. */
export const signedQuantity = z
  .int(`Send a whole number from -${MAX_QUANTITY} to ${MAX_QUANTITY}.`)
  .min(-MAX_QUANTITY, `Send at least -${MAX_QUANTITY}.`)
  .max(MAX_QUANTITY, `Send at most ${MAX_QUANTITY}.`)
  .refine((value) => value !== 0, 'A change of 0 changes nothing. Send another number.')
  .meta({ description: 'Whole units to add (above 0) or take (below 0)', not: { enum: [0] }, examples: [-3] });

/** A revision another system counts, or the milliseconds it uses as one. */
export const revisionNumber = z
  .int('Send a whole number from 0 to 2^53 - 1.')
  .min(0, 'Send a whole number from 0 to 2^53 - 1.')
  .meta({ description: 'Counts the states of the thing in the other system', examples: [3] });

/** An ISO 4217 code of money that has minor units. */
export const currency = z
  .string()
  .overwrite(normalText)
  .regex(/^[A-Z]{3}$/, 'Send a currency code of three capital letters, such as EUR.')
  .refine(isCurrency, 'This is no ISO 4217 currency code. Send one such as EUR, USD or JPY.')
  .meta({ id: 'Currency', description: 'ISO 4217 currency code', enum: CURRENCY_CODES, examples: ['EUR'] });

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

// Time. A fact's instant is also held against the clock, by `refusedInstant` of the kernel: no schema can say that.

/** An instant with its offset, handed on in UTC with milliseconds, of the years 1 to 9999 (see `utcInstant`). */
export const isoInstant = z.iso
  .datetime({ offset: true, abort: true, error: 'Send an instant with its zone, such as 2026-01-31T12:00:00Z.' })
  .overwrite((value) => utcInstant(value) ?? value)
  .meta({ description: 'Instant, ISO 8601 with a zone', examples: ['2026-01-31T12:00:00.000Z'] });

/** A calendar day of the years 1 to 9999. */
export const isoDay = z.iso
  .date('Send a day such as 2026-01-31.')
  .overwrite((value) => (value < '0001-01-01' ? '0001-01-01' : value))
  .meta({ description: 'UTC day', examples: ['2026-01-31'] });

// What stored events hold. Looser where earlier versions wrote more: an event that was written is read.
// Personal data has no shape here: events know people by keyed hashes only.

export const units = z.int().min(1).max(MAX_QUANTITY);
export const unitsOrNone = z.int().min(0).max(MAX_QUANTITY);
/** A sum of units, which is exact and has no bound of its own. */
export const unitsInAll = z.int().min(0);
export const signedUnits = z.int().min(-MAX_QUANTITY).max(MAX_QUANTITY);
export const minorAmount = z.int().min(0);
export const currencyCode = z.string().length(3);
export const instant = z.iso.datetime();
/** HMAC-SHA-256 under the installation's key, in hex: equal for equal people, and nothing else. */
export const keyedHash = z.string().regex(/^[0-9a-f]{64}$/);

/** Units at one location. */
export const unitsAt = z.strictObject({ locationId: z.string(), units });
export type UnitsAt = z.output<typeof unitsAt>;

function atMost(maxCharacters: number): [check: (text: string) => boolean, message: string] {
  return [(text) => charactersIn(text) <= maxCharacters, `Send at most ${maxCharacters} characters.`];
}

/** Patterns name characters and not properties of them: that is what ECMAScript, Go, Python and Java read alike. */
function linePattern(): string {
  const controls = String.raw`\x00-\x1f\x7f-\x9f`;
  const invisible = INVISIBLE_RANGES.filter(([first]) => first >= 0xa0)
    .map(([first, last]) => `${String.fromCharCode(first)}-${String.fromCharCode(last)}`)
    .join('');
  const line = `[^${controls}\u2028\u2029]*`;
  return `^${line}[^${controls} ${invisible}]${line}$`;
}

/** What {@link normalText} takes away at the ends. */
function blanks(): string {
  const character = (code: number): string =>
    code <= 0xff ? String.raw`\x${code.toString(16).padStart(2, '0')}` : String.fromCharCode(code);
  return `[${INVISIBLE_RANGES.map(([first, last]) => `${character(first)}-${character(last)}`).join('')}]*`;
}

function blockPattern(): string {
  return String.raw`^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$`;
}

/** The one place where a checked string becomes a kernel id; the brand exists for the compiler only. */
function branded<Id extends string>(schema: z.ZodString): z.ZodType<Id, string> {
  return schema as z.ZodType<unknown, string> as z.ZodType<Id, string>;
}
