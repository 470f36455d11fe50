import { hash, randomFillSync } from 'node:crypto';

declare const brand: unique symbol;
/** A string that was checked once and is not mixed up with another kind of id afterwards. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };

export type Sku = Branded<'Sku'>;
export type ChannelId = Branded<'ChannelId'>;
export type LocationId = Branded<'LocationId'>;
export type OrderId = Branded<'OrderId'>;
export type ProfileId = Branded<'ProfileId'>;

/** A time-ordered UUID (version 7, RFC 9562): for ids made at the edge, never inside a decision. */
export function newId(epochMs: number = Date.now()): string {
  const start = nextRandom();
  pool.writeUIntBE(epochMs, start, 6);
  pool[start + 6] = ((pool[start + 6] ?? 0) & 0x0f) | 0x70;
  pool[start + 8] = ((pool[start + 8] ?? 0) & 0x3f) | 0x80;
  return formatUuid(pool.toString('hex', start, start + 16));
}

/** Where 16 random bytes begin that nobody used. They are asked for by the page: each call costs as much as some hundred bytes do. */
function nextRandom(): number {
  if (poolUsed + 16 > pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  poolUsed += 16;
  return poolUsed - 16;
}

const pool = Buffer.alloc(4_096);
let poolUsed = pool.length;

/**
 * The same name gives the same UUID (version 8 of RFC 9562: SHA-1 over the name, cut to 122 bits). Used wherever a
 * retry must produce the same id: event ids from command ids, allocation ids from order lines.
 */
export function idFrom(name: string): string {
  const hex = hash('sha1', name, 'hex');
  const variant = VARIANT[Number.parseInt(hex.charAt(16), 16) & 0x3];
  return joined(
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  );
}

const VARIANT = ['8', '9', 'a', 'b'] as const;

const formatUuid = (hex: string): string =>
  joined(hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32));

/** One flat string: a template would make a tree of its parts, which for ids kept in memory takes three times the room. */
const joined = (...parts: readonly string[]): string => parts.join('-');
