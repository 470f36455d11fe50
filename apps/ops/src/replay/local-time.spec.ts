import { describe, expect, it } from '@jest/globals';
import { localTimeReader } from './local-time.js';

describe('local times', () => {
  it.each([
    ['winter', '2010-12-01 08:26:00', '2010-12-01T08:26:00.000Z'],
    ['summer', '2011-07-01 08:26:00', '2011-07-01T07:26:00.000Z'],
    ['a minute before the clock goes forward', '2011-03-27 00:59:59', '2011-03-27T00:59:59.000Z'],
    ['an hour that the clock skips', '2011-03-27 01:30:00', '2011-03-27T01:30:00.000Z'],
    ['an hour that the clock shows twice', '2011-10-30 01:30:00', '2011-10-30T00:30:00.000Z'],
    ['after the clock went back', '2011-10-30 02:00:00', '2011-10-30T02:00:00.000Z'],
    ['minute 24', '2011-07-01 08:24:00', '2011-07-01T07:24:00.000Z'],
    ['a leap day', '2012-02-29 12:00:00', '2012-02-29T12:00:00.000Z'],
  ])('in London: %s', (_name, text, expected) => {
    expect(read('YYYY-MM-DD HH:mm:ss', 'Europe/London', text)).toBe(expected);
  });

  it.each([
    ['DD/MM/YYYY HH:mm', 'Asia/Kolkata', '1/2/2024 05:30', '2024-02-01T00:00:00.000Z'],
    ['MM/DD/YYYY', 'America/New_York', '07/04/2024', '2024-07-04T04:00:00.000Z'],
    ['YYYY.MM.DD HH:mm', 'UTC', '2024.01.02 03:04', '2024-01-02T03:04:00.000Z'],
    ['YYYY-MM-DDTHH:mm:ss', 'UTC', '2024-01-02T03:04:05', '2024-01-02T03:04:05.000Z'],
    ['DD.MM.YY', 'UTC', '31.12.69', '1969-12-31T00:00:00.000Z'],
    ['DD.MM.YY', 'UTC', '31.12.68', '2068-12-31T00:00:00.000Z'],
  ])('reads %s in %s', (format, timeZone, text, expected) => {
    expect(read(format, timeZone, text)).toBe(expected);
  });

  it.each([
    '2011-02-30 10:00:00',
    '2011-13-01 10:00:00',
    '2011-01-01 24:00:00',
    '2011-01-01 10:60:00',
    '2011-01-01',
    '',
    'x',
    '2011-01-01T10:00:00',
  ])('does not take "%s" for a time', (text) => {
    expect(localTimeReader('YYYY-MM-DD HH:mm:ss', 'Europe/London')(text)).toBeUndefined();
  });
});

function read(format: string, timeZone: string, text: string): string {
  return new Date(localTimeReader(format, timeZone)(text) ?? Number.NaN).toISOString();
}
