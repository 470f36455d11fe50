import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { allEvents, defineEvents, type PublishedMessage, translated } from '#contracts';
import { serviceParts } from '../../apps/standalone/src/services.js';

const STORED = new URL('../../libs/contracts/golden/', import.meta.url);
/** Messages whose shape is not that of the stored event, as they went out once. */
const PUBLISHED = new URL('published/', import.meta.url);

const jsonIn = (folder: URL, name: string): object[] => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));

/** What goes out for samples of a stored event. Throws where it is not of the shape that is published. */
const messagesFor = ({ data, from }: PublishedMessage, stored: readonly object[]): unknown[] =>
  stored.map((sample) => data.parse(from(sample)));

const published = Object.values(serviceParts).flatMap(({ publishes }) => [...publishes.messages]);

const isTranslated = ([type, message]: (typeof published)[number]): boolean => message.data !== allEvents[type]?.data;

describe('golden messages', () => {
  it.each(published)('of %s are of the shape that is published, for every golden sample that is stored', (type, message) => {
    const stored = jsonIn(STORED, type);
    const messages = messagesFor(message, stored);
    expect(messages).toStrictEqual(isTranslated([type, message]) ? jsonIn(PUBLISHED, message.name) : stored);
  });

  it('are kept for every message that is not its stored event, and for no other', () => {
    const kept = existsSync(PUBLISHED) ? readdirSync(PUBLISHED) : [];
    expect(kept.toSorted()).toEqual(published.filter(isTranslated).map(([, { name }]) => `${name}.json`).toSorted());
  });

  it('leave out what a translation keeps back, and are refused where it forgets to', () => {
    const { Sold } = defineEvents({
      Sold: { when: 'Goods were sold.', data: z.strictObject({ sku: z.string(), buyer: z.string() }) },
    });
    const message = { name: 'Sold', when: 'Goods were sold.', data: z.strictObject({ sku: z.string() }) };
    const careful = translated(Sold, { ...message, from: ({ sku }) => ({ sku }) });
    const careless = translated(Sold, { ...message, from: (stored) => stored });

    const stored = [{ sku: 'A', buyer: 'Ada' }];
    expect(messagesFor(careful, stored)).toEqual([{ sku: 'A' }]);
    expect(() => messagesFor(careless, stored)).toThrow(/buyer/);
  });
});
