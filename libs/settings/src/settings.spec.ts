import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineSettings, readSettings, type Setting, WrongSettings } from './define-settings.js';
import { settingsDocument, settingsHelp } from './documents.js';
import { allSettings, ordersClientSettings, processSettings, settingsByName } from './settings.js';

const sentencesFor = (read: () => unknown): readonly string[] => {
  try {
    read();
  } catch (error) {
    if (error instanceof WrongSettings) return error.sentences;
    throw error;
  }
  return [];
};

describe('settings', () => {
  const group = defineSettings({
    of: 'A program',
    settings: {
      A_PORT: { shape: z.string().regex(/^\d+$/, 'a port').transform(Number).default(80), says: 'where it listens' },
      A_SECRET: {
        shape: z.string().min(4, 'a secret of 4 characters').optional(),
        says: 'what it keeps',
        secret: true,
      },
      A_NAME: { shape: z.string().optional(), unset: 'none', says: 'what it is called', neededAlone: true },
    },
    check: ({ A_PORT, A_NAME }) => (A_PORT === 81 && !A_NAME ? { A_NAME: 'set where A_PORT is 81' } : {}),
  });

  it('are read once, with their defaults, and an empty value counts as unset', () => {
    expect(readSettings(group, { A_PORT: '', A_NAME: 'x', PATH: '/bin' })).toEqual({ A_PORT: 80, A_NAME: 'x' });
  });

  it('are refused in a sentence each, which repeats the value unless it is secret', () => {
    expect(sentencesFor(() => readSettings(group, { A_PORT: 'ten', A_SECRET: 'abc' }))).toEqual([
      'A_PORT must be a port, not "ten".',
      'A_SECRET must be a secret of 4 characters.',
    ]);
    expect(sentencesFor(() => readSettings(group, { A_PORT: '81' }))).toEqual([
      'A_NAME must be set where A_PORT is 81.',
    ]);
  });

  it('are documented with their defaults, and whether they are needed or secret', () => {
    expect(settingsDocument([group])).toContain(
      [
        '## A program',
        '',
        '| variable   | default          | meaning               |',
        '| ---------- | ---------------- | --------------------- |',
        '| `A_PORT`   | `80`             | where it listens      |',
        '| `A_SECRET` |                  | what it keeps; secret |',
        '| `A_NAME`   | none; **needed** | what it is called     |',
      ].join('\n'),
    );
    expect(settingsHelp([group]).split('\n')).toEqual([
      '  A_PORT                         where it listens (80)',
      '  A_SECRET                       what it keeps',
      '  A_NAME                         what it is called (needed)',
    ]);
  });

  it('take an address of orders without its slash, and nothing else', () => {
    expect(readSettings(ordersClientSettings, { ORDERS_URL: 'http://orders:3000/' })).toEqual({
      ORDERS_URL: 'http://orders:3000',
    });
    for (const wrong of [undefined, '', 'orders:3000', 'ftp://orders'])
      expect(sentencesFor(() => readSettings(ordersClientSettings, { ORDERS_URL: wrong }))).toEqual([
        expect.stringMatching(/^ORDERS_URL must be the address of the orders service/),
      ]);
  });

  it('are the same for a name that stands in two groups', () => {
    const all = allSettings.flatMap(({ settings }) => Object.entries<Setting>(settings));
    for (const [name, { says, secret }] of all)
      expect([name, settingsByName.get(name)]).toEqual([
        name,
        expect.objectContaining({ says, ...(secret && { secret }) }),
      ]);
    expect(all.length).toBeGreaterThan(25);
  });

  it('say what they are for, and no address with a login or key is repeated in a message', () => {
    for (const [name, { says, secret }] of settingsByName) {
      expect([name, says.length > 5]).toEqual([name, true]);
      if (/SECRET|PASSWORD$|_KEY$|DATABASE_URL|EVENTSTOREDB_URL/.test(name))
        expect([name, secret]).toEqual([name, true]);
    }
    expect(sentencesFor(() => readSettings(processSettings, { DATABASE_URL: 'mysql://me:pw@host' }))).toEqual([
      'DATABASE_URL must be an address such as postgres://user@host:5432/name.',
    ]);
  });
});

describe('docs/settings.md', () => {
  it('is up to date', () => {
    // Differs? Build, then: node dist/libs/settings/src/write-settings.js > docs/settings.md
    expect(readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8')).toBe(settingsDocument());
  });
});
