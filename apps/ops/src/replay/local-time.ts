import { DateTime, Settings } from 'luxon';

// As POSIX reads two digits.
Settings.twoDigitCutoffYear = 68;

/**
 * Reads local times of one format in one time zone as milliseconds since 1970 in UTC; undefined for what is no such time.
 *
 * `format` is made of YYYY (or YY: 69 is 1969, 68 is 2068) MM DD HH mm ss, everything else stands for itself; parts that are
 * absent are zero. A time that the clock shows twice is the earlier one, a time that it skips counts on from before the skip
 * (what Temporal calls "compatible").
 */
export function localTimeReader(format: string, timeZone: string): (text: string) => number | undefined {
  const tokens = format.replace(/YYYY|YY|MM|DD|HH|mm|ss|./gu, (part) => TOKENS[part] ?? `'${part}'`);
  return (text) => {
    // luxon reads 24:00 as the next day's 0:00.
    const time = DateTime.fromFormat(text, tokens, { zone: timeZone });
    if (!time.isValid || /(?<![:\d])24:/.test(text)) return undefined;
    return Math.min(...time.getPossibleOffsets().map((possible) => possible.toMillis()));
  };
}

/** Of luxon: one letter takes one or two digits. */
const TOKENS: Readonly<Record<string, string>> = {
  YYYY: 'yyyy',
  YY: 'yy',
  MM: 'M',
  DD: 'd',
  HH: 'H',
  mm: 'mm',
  ss: 'ss',
};
