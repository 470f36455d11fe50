import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#testing';
import { openReadModels, PostgresIdempotencyStore, type ReadModels } from './index.js';

let database: TestDatabase;
let readModels: ReadModels;
let keys: PostgresIdempotencyStore;

beforeAll(async () => {
  database = await createTestDatabase();
  readModels = await openReadModels({ url: database.url, poolSize: 12 });
  keys = new PostgresIdempotencyStore(readModels);
});

afterAll(async () => {
  await readModels.close();
  await database.drop();
});

const age = (key: string, interval: string) =>
  readModels.execute('update read_models.idempotency_keys set created_at = created_at - $2::interval where key = $1', [
    key,
    interval,
  ]);

describe('idempotency keys', () => {
  it('answer a repeat as the first time', async () => {
    expect(await keys.begin('a', 'f')).toEqual({ state: 'begun' });
    expect(await keys.begin('a', 'f')).toEqual({ state: 'running' });
    await keys.complete('a', { status: 201, headers: { location: '/a' }, body: '{"id":"ü"}' });
    await keys.complete('a', { status: 500, headers: {}, body: 'late' });
    await keys.forget('a');
    expect(await keys.begin('a', 'f')).toEqual({
      state: 'answered',
      answer: { status: 201, headers: { location: '/a' }, body: '{"id":"ü"}' },
    });
  });

  it('refuse another request under the same key, finished or not', async () => {
    await keys.begin('b', 'f');
    expect(await keys.begin('b', 'other')).toEqual({ state: 'reused' });
    await keys.complete('b', { status: 204, headers: {}, body: '' });
    expect(await keys.begin('b', 'other')).toEqual({ state: 'reused' });
    expect(await keys.begin('b', 'f')).toEqual({ state: 'answered', answer: { status: 204, headers: {}, body: '' } });
  });

  it('are free again when forgotten', async () => {
    await keys.begin('c', 'f');
    await keys.forget('c');
    expect(await keys.begin('c', 'other')).toEqual({ state: 'begun' });
  });

  it('let a repeat take over after a minute, once', async () => {
    await keys.begin('d', 'f');
    await age('d', '59 seconds');
    expect(await keys.begin('d', 'f')).toEqual({ state: 'running' });
    await age('d', '2 seconds');
    expect(await keys.begin('d', 'other')).toEqual({ state: 'reused' });
    expect(await keys.begin('d', 'f')).toEqual({ state: 'begun' });
    expect(await keys.begin('d', 'f')).toEqual({ state: 'running' });
  });

  it('let a repeat take over from a process that is gone, and from no other', async () => {
    const dying = await openReadModels({ url: database.url, poolSize: 2 });
    expect(await new PostgresIdempotencyStore(dying).begin('g', 'f')).toEqual({ state: 'begun' });
    expect(await keys.begin('g', 'f')).toEqual({ state: 'running' });
    await dying.close();
    expect(await keys.begin('g', 'other')).toEqual({ state: 'reused' });
    expect(await keys.begin('g', 'f')).toEqual({ state: 'begun' });
    expect(await new PostgresIdempotencyStore(readModels).begin('g', 'f')).toEqual({ state: 'running' });
  });

  it('start one of many requests that come at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => keys.begin('e', 'f')));
    expect(outcomes.filter(({ state }) => state === 'begun')).toHaveLength(1);
    expect(outcomes.filter(({ state }) => state === 'running')).toHaveLength(49);
  });

  it('are swept after a day', async () => {
    await keys.begin('old', 'f');
    await keys.begin('young', 'f');
    await age('old', '25 hours');
    await age('young', '23 hours');
    expect(await keys.sweep()).toBe(1);
    expect(await keys.begin('old', 'another')).toEqual({ state: 'begun' });
    expect(await keys.begin('young', 'another')).toEqual({ state: 'reused' });
  });
});
