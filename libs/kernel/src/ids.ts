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
  return uuid(pool, start, 7);
}

/** Where 16 unused random bytes begin. They are asked for by the page: each call costs as much as some hundred bytes do. */
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
  digest.write(hash('sha1', name, 'binary'), 'binary');
  return uuid(digest, 0, 8);
}

const digest = Buffer.alloc(20);

/**
 * A maker of ids for one place, such as the first event of a command on a stream: gives each UUID (a command's) another one
 * (version 8), always the same. It is XOR with the SHA-1 of the place's name: as random as what it is given, but for the six bits
 * that tell version and variant, at a quarter of the work of a hash. What is no UUID is hashed first.
 */
export function idsAt(place: string): (id: string) => string {
  digest.write(hash('sha1', place, 'binary'), 'binary');
  digest.copy(mixed, 0, 0, 16);
  // Numbers, because makers of ids are kept by the ten thousand, and a slice of a buffer keeps the whole page it was cut from.
  const [a = 0, b = 0, c = 0, d = 0] = mixedWords;
  return (id) => {
    if (!readUuid(id, mixed)) readUuid(idFrom(id), mixed);
    mixIn(0, a);
    mixIn(1, b);
    mixIn(2, c);
    mixIn(3, d);
    return uuid(mixed, 0, 8);
  };
}

const mixed = Buffer.alloc(16);
/** The same bytes, four at a time. */
const mixedWords = new Int32Array(mixed.buffer, mixed.byteOffset, 4);

function mixIn(index: number, word: number): void {
  mixedWords[index] = (mixedWords[index] ?? 0) ^ word;
}

/** False when the text is no UUID in lower case. */
function readUuid(text: string, to: Buffer): boolean {
  const shaped = text.length === 36 && DASHES.every((place) => text.charCodeAt(place) === DASH);
  let digits = shaped ? 0 : NO_DIGIT;
  for (let index = 0; index < 16; index += 1) {
    const place = PLACES[index] ?? 0;
    const high = DIGIT_OF[text.charCodeAt(place)] ?? NO_DIGIT;
    const low = DIGIT_OF[text.charCodeAt(place + 1)] ?? NO_DIGIT;
    digits |= high | low;
    to[index] = (high << 4) | low;
  }
  return digits < NO_DIGIT;
}

/**
 * The 16 bytes from `start` on as a UUID of that version and variant 10. Every command and event has one: written into one
 * buffer it takes half the time of putting a string together, and is flat, which for ids kept in memory takes a third of the
 * room of a tree of parts.
 */
function uuid(bytes: Buffer, start: number, version: 7 | 8): string {
  bytes[start + 6] = ((bytes[start + 6] ?? 0) & 0x0f) | (version << 4);
  bytes[start + 8] = ((bytes[start + 8] ?? 0) & 0x3f) | 0x80;
  for (let index = 0; index < 16; index += 1) {
    const byte = bytes[start + index] ?? 0;
    const place = PLACES[index] ?? 0;
    uuidText[place] = HEX_DIGITS[byte >> 4] ?? 0;
    uuidText[place + 1] = HEX_DIGITS[byte & 0x0f] ?? 0;
  }
  return uuidText.toString('latin1');
}

const uuidText = Buffer.alloc(36, '-');
const HEX_DIGITS = Buffer.from('0123456789abcdef');
const NO_DIGIT = 16;
/** The value of a digit by its character code. */
const DIGIT_OF = Uint8Array.from({ length: 128 }, (_, code) =>
  HEX_DIGITS.includes(code) ? HEX_DIGITS.indexOf(code) : NO_DIGIT,
);
/** Where the two digits of each byte stand among the dashes. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const DASHES = [8, 13, 18, 23];
const DASH = 45;
