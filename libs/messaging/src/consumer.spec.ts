import { describe, expect, it } from '@jest/globals';
import type { KafkaMessage } from 'kafkajs';
import { pagesOf } from './consumer.js';

const messages = (...bytes: readonly number[]) =>
  bytes.map(
    (length, offset): Pick<KafkaMessage, 'value' | 'offset'> => ({
      value: Buffer.alloc(length),
      offset: `${offset}`,
    }),
  ) as KafkaMessage[];
const sizesOf = (pages: Iterable<readonly KafkaMessage[]>) => Array.from(pages, ({ length }) => length);

describe('a batch of messages is worked on in pages', () => {
  it('of so many messages', () => {
    expect(sizesOf(pagesOf(messages(1, 1, 1, 1, 1), { pageSize: 2 }))).toEqual([2, 2, 1]);
  });

  it('that end with the message that makes them heavy enough', () => {
    expect(sizesOf(pagesOf(messages(60, 60, 200, 1, 1), { pageBytes: 100 }))).toEqual([2, 1, 2]);
  });

  it('each message in one of them, in their order', () => {
    const all = messages(...Array.from({ length: 100 }, (_, index) => (index * 37) % 50));
    expect([...pagesOf(all, { pageSize: 7, pageBytes: 120 })].flat()).toEqual(all);
  });

  it('none of them for no message', () => {
    expect(sizesOf(pagesOf([], {}))).toEqual([]);
  });
});
