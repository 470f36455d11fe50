import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { charactersIn, isOneLine, isPlainText, lookAlikeKey, normalText } from './text.js';

describe('text', () => {
  it('is the same once it is normal, and has no blank at its ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const normal = normalText(text);
        expect(normalText(normal)).toBe(normal);
        expect(normal.trim()).toBe(normal);
        expect(normal.normalize('NFC')).toBe(normal);
      }),
    );
  });

  it('is normal as it is where nothing is to be done', () => {
    expect(['', 'A', 'A B', '単', 'a\u0000'].map(normalText)).toEqual(['', 'A', 'A B', '単', 'a\u0000']);
  });

  it('counts characters as code points', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ud800', '\udc00'), (text, half) => {
        expect(charactersIn(text + half)).toBe([...(text + half)].length);
      }),
    );
  });

  it.each([
    ['abc', true, true],
    ['a\nb\tc\r\n', false, true],
    ['a\u2028b', false, true],
    ['a\u0000', false, false],
    ['a\u001bb', false, false],
    ['a\u0085', false, false],
    ['\ud800', false, false],
    ['a\udc00', false, false],
    ['🧵', true, true],
  ])('%j is one line: %s, plain text: %s', (text, oneLine, plain) => {
    expect([isOneLine(text), isPlainText(text)]).toEqual([oneLine, plain]);
  });
});

describe('look-alikes', () => {
  it.each([
    ['1001', ['1001', '#1001', '# 1001', ' 1001 ', '１００１', '＃1001', '10\u200b01']],
    ['abc-1', ['ABC-1', 'abc-1', 'Abc-1\u00a0', 'ＡＢＣ－１', 'ABC–1', 'ABC‑1', 'A\u00adBC-1']],
    ['käse', ['KÄSE', 'käse', 'KA\u0308SE']],
    ['strasse', ['straße', 'STRASSE', 'Straße']],
  ])('of %s have one key', (key, ids) => {
    expect(ids.map(lookAlikeKey)).toEqual(ids.map(() => key));
  });

  it('keep apart what differs', () => {
    const ids = ['1001', '10011', '1001-1', '1001/1', '0001001', 'ABC1', 'ABC 1', 'ABC-1', 'ÄBC-1'];
    expect(new Set(ids.map(lookAlikeKey)).size).toBe(ids.length);
  });
});
