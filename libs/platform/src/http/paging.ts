import { z } from 'zod';
import { isPlainText } from '#kernel';
import { InvalidRequest } from './invalid-request.js';

/**
 * A whole number in a path: decimal digits and nothing else, where `Number` would take `0x10`, `1e2` and blanks as well. In a
 * query see {@link wholeNumberOr}.
 */
export const wholeNumber = (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  z.preprocess(numberIn, wholeNumberFrom(min, max));

/** A whole number in a query, as {@link wholeNumber}, with what its absence stands for. */
export const wholeNumberOr = (absent: number, min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  z.preprocess(numberIn, wholeNumberFrom(min, max).default(absent));

const numberIn = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;

function wholeNumberFrom(min: number, max: number): z.ZodInt {
  const message = `Send a whole number from ${min} to ${max}.`;
  return z.int(message).min(min, message).max(max, message);
}

/** Query fields of every list: spread them into the strict object of the route. */
export const pageQuery = {
  limit: wholeNumberOr(50, 1, 500).meta({ description: 'Items per page' }),
  cursor: z
    .string()
    .max(2_048)
    .optional()
    .meta({ description: 'nextCursor of the page before; leave it out for the first page' }),
};

/** The schema of one page of `item`s, for the answer of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().optional().meta({ description: 'Absent on the last page' }),
  });

export interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly nextCursor?: string;
}

/**
 * A page from rows that were read with `limit + 1`: the row too many only tells that another page follows. `keyOf` gives
 * what the next read starts after (plain JSON, unique per row in the order of the list).
 */
export function toPage<Item>(rows: readonly Item[], limit: number, keyOf: (item: Item) => unknown): PageOf<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return rows.length > limit && last !== undefined ? { items, nextCursor: encodeCursor(keyOf(last)) } : { items };
}

/** The key within a cursor, checked by `schema`; undefined for no cursor. Throws {@link InvalidRequest} for any other text. */
export function decodeCursor<Key>(cursor: string | undefined, schema: z.ZodType<Key>): Key | undefined {
  if (cursor === undefined) return undefined;
  const parsed = schema.safeParse(jsonWithin(cursor));
  if (parsed.success) return parsed.data;
  throw new InvalidRequest([
    {
      in: 'query',
      pointer: '#/cursor',
      message: 'This cursor is not from here. Take it from "nextCursor", or leave it out to start at the first page.',
    },
  ]);
}

const encodeCursor = (key: unknown): string => Buffer.from(JSON.stringify(key)).toString('base64url');

function jsonWithin(cursor: string): unknown {
  try {
    const json = Buffer.from(cursor, 'base64url').toString('utf8');
    // A key holds stored text, so what no database takes was never part of one.
    return JSON.parse(json, (_, value: unknown) => {
      if (typeof value === 'string' && !isPlainText(value)) throw new TypeError('text that was never stored');
      return value;
    });
  } catch {
    return undefined;
  }
}
