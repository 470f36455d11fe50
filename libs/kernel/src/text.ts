/**
 * Text as it is stored and compared: NFC, without blanks and invisible characters at its ends (those of every script, and
 * what copying out of a spreadsheet or a right-to-left page leaves). `ABC-1`, `ABC-1 ` and the two encodings of `KÄSE` are
 * one text each.
 */
export function normalText(text: string): string {
  if (PLAIN.test(text)) return text;
  const composed = text.normalize('NFC');
  let start = 0;
  let end = composed.length;
  while (start < end && isInvisible(composed.charCodeAt(start))) start += 1;
  while (end > start && isInvisible(composed.charCodeAt(end - 1))) end -= 1;
  return composed.slice(start, end);
}

/** Whether every database, protocol and log takes the text as one line: no control character, no half of a surrogate pair. */
export const isOneLine = (text: string): boolean => !CONTROLS.test(text) && text.isWellFormed();

/** As {@link isOneLine}, with tabs and line ends. */
export const isPlainText = (text: string): boolean => !CONTROLS_BUT_LINE_ENDS.test(text) && text.isWellFormed();

/** Characters of a text, counted as Unicode code points: what JSON Schema and PostgreSQL count. */
export function charactersIn(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length - 1; index += 1) {
    if (isHigh(text.charCodeAt(index)) && isLow(text.charCodeAt(index + 1))) count -= 1;
  }
  return count;
}

/**
 * Equal for ids that people take for one another: `#1001` and `1001`, `abc-1` and `ABC-1`, `ＡＢＣ`, letters with a
 * typographic dash or an invisible character among them. Two ids with one key need not be one thing, so they are reported
 * and never joined.
 */
export function lookAlikeKey(text: string): string {
  const folded = text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
  const visible = folded.replace(/\p{Default_Ignorable_Code_Point}|\p{Cc}/gu, '').replace(/\p{Pd}/gu, '-');
  return visible.replace(/\s+/gu, ' ').replace(/^[#\s]+|\s+$/gu, '');
}

/**
 * Ranges of UTF-16 units without a glyph at the ends of a text: blanks, soft hyphen, zero-width characters and marks of the
 * direction of writing. Control characters other than tab and line ends are no blanks: nothing hides them.
 */
export const INVISIBLE_RANGES: readonly (readonly [first: number, last: number])[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0xad, 0xad],
  [0x061c, 0x061c],
  [0x1680, 0x1680],
  [0x180e, 0x180e],
  [0x2000, 0x200f],
  [0x2028, 0x202f],
  [0x205f, 0x206f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];

const isInvisible = (unit: number): boolean => INVISIBLE_RANGES.some(([first, last]) => unit >= first && unit <= last);

/** Nearly every id: printable ASCII without blanks at its ends. */
const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS_BUT_LINE_ENDS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;
