import { describe, expect, it } from '@jest/globals';
import { KEEP_MS, MemoryIdempotencyStore, TAKE_OVER_MS } from '../index.js';

const answer = { status: 201, headers: {}, body: '{}' };

function storeAt(startMs: number) {
  let nowMs = startMs;
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { store: new MemoryIdempotencyStore(() => nowMs), pass };
}

describe('the memory of requests', () => {
  it('lets one of two begin', async () => {
    const { store } = storeAt(1_000);
    expect(await Promise.all([store.begin('a', 'f'), store.begin('a', 'f')])).toEqual([
      { state: 'begun' },
      { state: 'running' },
    ]);
  });

  it('lets a repeat take over from a request that never ended, but only the same request', async () => {
    const { store, pass } = storeAt(1_000);
    await store.begin('a', 'f');
    pass(TAKE_OVER_MS - 1);
    expect(await store.begin('a', 'f')).toEqual({ state: 'running' });
    pass(1);
    expect(await store.begin('a', 'other')).toEqual({ state: 'reused' });
    expect(await store.begin('a', 'f')).toEqual({ state: 'begun' });
  });

  it('keeps an answer for a day, whatever is forgotten or begun again', async () => {
    const { store, pass } = storeAt(1_000);
    await store.begin('a', 'f');
    await store.complete('a', answer);
    await store.forget('a');
    pass(KEEP_MS - 1_000);
    expect(await store.begin('a', 'f')).toEqual({ state: 'answered', answer });
    expect(await store.begin('a', 'other')).toEqual({ state: 'reused' });
    pass(2_000);
    expect(await store.begin('a', 'other')).toEqual({ state: 'begun' });
  });

  it('gives a forgotten id to the next request', async () => {
    const { store } = storeAt(1_000);
    await store.begin('a', 'f');
    await store.forget('a');
    expect(await store.begin('a', 'other')).toEqual({ state: 'begun' });
  });

  it('holds a bounded amount of answers', async () => {
    const { store } = storeAt(1_000);
    const large = { ...answer, body: 'x'.repeat(262_144) };
    for (let index = 0; index < 200; index += 1) {
      await store.begin(`${index}`, 'f');
      await store.complete(`${index}`, large);
    }
    const kept = await Promise.all(Array.from({ length: 200 }, (_, index) => store.begin(`${index}`, 'other')));
    expect(kept.filter((result) => result.state === 'reused').length).toBeLessThanOrEqual(128);
    expect(kept.at(-1)).toEqual({ state: 'reused' });
  });
});
