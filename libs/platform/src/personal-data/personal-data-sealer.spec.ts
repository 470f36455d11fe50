import { describe, expect, it } from '@jest/globals';
import { NotOpened, PersonalDataSealer } from './personal-data-sealer.js';

const sealer = new PersonalDataSealer(Buffer.alloc(32, 1));
const text = Buffer.from('{"email":"ada@example.com"}');

describe('sealed personal data', () => {
  it('is opened whole by another process of the installation', () => {
    const sealed = sealer.seal(text, 'web-shop m-1');
    expect(new PersonalDataSealer(Buffer.alloc(32, 1)).open(sealed, 'web-shop m-1')).toEqual(text);
  });

  it('shows nothing of the text, and never looks the same twice', () => {
    const sealed = sealer.seal(text, '');
    expect(sealed.toString('latin1')).not.toContain('ada');
    expect(sealer.seal(text, '')).not.toEqual(sealed);
  });

  it.each([
    ['for another context', (sealed: Buffer) => sealer.open(sealed, 'web-shop m-2')],
    ['under another key', (sealed: Buffer) => new PersonalDataSealer(Buffer.alloc(32, 2)).open(sealed, 'web-shop m-1')],
    [
      'with one bit changed',
      (sealed: Buffer) => sealer.open(withBitChanged(sealed, sealed.length - 1), 'web-shop m-1'),
    ],
    ['of an unknown version', (sealed: Buffer) => sealer.open(withBitChanged(sealed, 0), 'web-shop m-1')],
    ['when it is cut', (sealed: Buffer) => sealer.open(sealed.subarray(0, 20), 'web-shop m-1')],
  ])('is not opened %s', (_, open) => {
    expect(() => open(sealer.seal(text, 'web-shop m-1'))).toThrow(NotOpened);
  });
});

function withBitChanged(sealed: Buffer, at: number): Buffer {
  const changed = Buffer.from(sealed);
  changed[at] = (changed[at] ?? 0) ^ 2;
  return changed;
}
