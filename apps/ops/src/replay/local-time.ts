/**
 * Reads local times of one format in one time zone as milliseconds since 1970 in UTC; undefined for what is no such time.
 *
 * `format` is made of YYYY (or YY: 69 is 1969, 68 is 2068) MM DD HH mm ss, everything else stands for itself; parts that are absent are zero. A time
 * that the clock shows twice is the earlier one, a time that it skips counts on from before the skip (what Temporal
 * calls "compatible").
 */
export function localTimeReader(format: string, timeZone: string): (text: string) => number | undefined {
  const pattern = patternOf(format);
  const offsetAt = offsetsOf(timeZone);
  return (text) => {
    const local = localMs(pattern.exec(text)?.groups);
    if (local === undefined) return undefined;
    const before = offsetAt(local - DAY_MS);
    if (offsetAt(local - before) === before) return local - before;
    const after = offsetAt(local + DAY_MS);
    return offsetAt(local - after) === after ? local - after : local - before;
  };
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MAX_CACHED_HOURS = 20_000;
const DIGITS: Readonly<Record<string, string>> = {
  YYYY: '\\d{4}',
  YY: '\\d{2}',
  MM: '\\d{1,2}',
  DD: '\\d{1,2}',
  HH: '\\d{1,2}',
  mm: '\\d{2}',
  ss: '\\d{2}',
};

const patternOf = (format: string): RegExp =>
  new RegExp(
    `^${format.replace(/YYYY|YY|MM|DD|HH|mm|ss|[^A-Za-z0-9]/g, (part) => (DIGITS[part] ? `(?<${part}>${DIGITS[part]})` : `\\u{${part.codePointAt(0)?.toString(16)}}`))}$`,
    'u',
  );

/** The time as if it were in UTC; undefined for a day or hour that no calendar has. */
function localMs(parts: Readonly<Record<string, string>> | undefined): number | undefined {
  if (!parts) return undefined;
  const { YY, YYYY = fullYear(Number(YY)), MM, DD, HH = 0, mm = 0, ss = 0 } = parts;
  const local = new Date(0);
  local.setUTCFullYear(Number(YYYY), Number(MM) - 1, Number(DD));
  local.setUTCHours(Number(HH), Number(mm), Number(ss));
  const asGiven =
    local.getUTCDate() === Number(DD) && local.getUTCMonth() === Number(MM) - 1 && local.getUTCHours() === Number(HH);
  return asGiven && Number(mm) < 60 && Number(ss) < 60 ? local.getTime() : undefined;
}

/** As POSIX reads two digits. */
const fullYear = (twoDigits: number): number => (twoDigits < 69 ? 2_000 : 1_900) + twoDigits;

/** Milliseconds the zone is ahead of UTC at an instant. No zone has changed its offset within an hour of UTC but at its quarters. */
function offsetsOf(timeZone: string): (epochMs: number) => number {
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const cache = new Map<number, number>();
  return (epochMs) => {
    const quarter = Math.floor(epochMs / (HOUR_MS / 4));
    const cached = cache.get(quarter);
    if (cached !== undefined) return cached;
    if (cache.size >= MAX_CACHED_HOURS) cache.clear();
    const offset = offsetOf(formatter, quarter * (HOUR_MS / 4));
    cache.set(quarter, offset);
    return offset;
  };
}

function offsetOf(formatter: Intl.DateTimeFormat, epochMs: number): number {
  const parts = Object.fromEntries(formatter.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - epochMs;
}
