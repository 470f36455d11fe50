import fc from 'fast-check';
import { z } from 'zod';

/** The part of JSON Schema that our documents use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

export const schemaShape: z.ZodType<Schema> = z.looseObject({}) as z.ZodType<unknown> as z.ZodType<Schema>;

/**
 * Values that a schema allows, with the ones that hurt somewhere far more often than chance would have them. Texts come from a
 * small pool, so that requests meet each other's things; some of `anyTexts` are allowed by the schema alone and may be refused.
 */
export function valuesOf(
  schema: Schema,
  definitions: Readonly<Record<string, Schema>>,
  texts: fc.Arbitrary<string>,
): fc.Arbitrary<unknown> {
  const within = (part: Schema) => valuesOf(part, definitions, texts);
  if (schema.$ref !== undefined) return within(definitions[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return fc.oneof(...choices.map((choice) => within(choice)));
  if (schema.allOf?.[0]) return within(schema.allOf[0]);
  switch (schema.type) {
    case 'string':
      return textsOf(schema, texts);
    case 'integer':
    case 'number':
      return numbersOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(within(schema.items ?? {}), {
        minLength: Math.max(schema.minItems ?? 0, 1),
        maxLength: Math.min(schema.maxItems ?? MAX_ITEMS, MAX_ITEMS),
      });
    case 'object':
      return objectsOf(schema, within, texts);
    default:
      return fc.constantFrom<unknown>('x', 1, true, null, {}, []);
  }
}

const MAX_ITEMS = 3;

/** Texts that some reader, writer or comparison of text trips over. */
export const NASTY_TEXTS: readonly string[] = [
  'a\u0000b',
  '\ud800',
  'a\udfff',
  '\u0085',
  ' ',
  '\u00a0',
  'KA\u0308SE',
  'ABC-1 ',
  '\u202eABC',
  'a\u2028b',
  'a\nb',
  '🧵'.repeat(64),
  '注文'.repeat(64),
  'x'.repeat(64),
  'x'.repeat(1_024),
  'constructor',
  '__proto__',
  'toString',
  '#1001',
  '１００１',
  "'; drop table x; --",
  '%00%2F..',
  '../..',
  '{"a":1}',
  '\\u0000',
  '-',
  'null',
];

/** What is there, so that a request finds something. */
const KNOWN_TEXTS = ['LAMP', 'LAMP', '1001', 'cart-7', 'shop.1001', '1', '1', 'simulated'];
const KNOWN_NAMES = ['shop', 'shop', 'main', 'a', 'a', 'constructor', 'x'.repeat(63)];

/** Texts that are taken, most of them of what is there. */
export const soundTexts: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...KNOWN_TEXTS), weight: 4 },
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 }),
);

/** Those, and everything else that is a text. */
export const anyTexts: fc.Arbitrary<string> = fc.oneof(
  soundTexts,
  fc.constantFrom(...NASTY_TEXTS),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

const INSTANTS: readonly string[] = [
  '2026-01-31T13:00:00+01:00',
  '2026-01-31T12:00:00.123456789Z',
  '1970-01-01T00:00:00Z',
  '1969-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59-10:00',
  '9999-12-31T23:59:59.999Z',
];

function textsOf(
  { format, pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY }: Schema,
  texts: fc.Arbitrary<string>,
): fc.Arbitrary<string> {
  const soon = fc.integer({ min: -400, max: 2 }).map((days) => new Date(Date.now() + days * 86_400_000).toISOString());
  if (format === 'date-time') return fc.oneof(fc.constantFrom(...INSTANTS), { arbitrary: soon, weight: 3 });
  if (format === 'date') return fc.constantFrom('2026-01-31', '0000-01-01', '0001-01-01', '9999-12-31', '2024-02-29');
  if (format === 'uuid' || pattern?.includes('[0-9a-fA-F]{8}')) return fc.uuid();
  if (format === 'uri') return fc.constantFrom('http://127.0.0.1:9', 'http://[::1]:9/x');
  if (pattern === '^[A-Z]{3}$') return fc.constantFrom('EUR', 'EUR', 'EUR', 'EUR', 'JPY', 'IQD', 'XXX');
  if (pattern?.startsWith('^[a-z0-9]')) {
    return fc.oneof({ arbitrary: fc.constantFrom(...KNOWN_NAMES), weight: 6 }, fc.stringMatching(new RegExp(pattern)));
  }
  return texts.map((text) => [...text].slice(0, maxLength).join('').padEnd(minLength, 'x'));
}

function numbersOf({ minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER }: Schema) {
  const inside = [minimum, minimum + 1, 0, 1, 2, 2 ** 31 - 1, 2 ** 31, maximum - 1, maximum].filter(
    (value) => value >= minimum && value <= maximum,
  );
  return fc.oneof(
    { arbitrary: fc.constantFrom(...inside), weight: 2 },
    fc.integer({ min: Math.max(minimum, -100), max: Math.min(maximum, 100) }),
  );
}

function objectsOf(
  { properties = {}, required = [], additionalProperties }: Schema,
  within: (part: Schema) => fc.Arbitrary<unknown>,
  texts: fc.Arbitrary<string>,
): fc.Arbitrary<object> {
  const fields = Object.entries(properties).map(([name, part]) => [name, within(part)] as const);
  const known = fc.record(Object.fromEntries(fields), { requiredKeys: [...required] });
  if (typeof additionalProperties !== 'object') return known;
  const others = fc.dictionary(texts, within(additionalProperties), { maxKeys: MAX_ITEMS });
  return fc.tuple(known, others).map(([named, more]) => ({ ...more, ...named }));
}
