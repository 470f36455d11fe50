import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#testing';
import { DatabaseLocks } from './database-locks.js';
import { openReadModels, type ReadModels } from './read-models.js';

let database: TestDatabase;
let processes: ReadModels[];

beforeAll(async () => {
  database = await createTestDatabase();
  processes = await Promise.all([1, 2].map(() => openReadModels({ url: database.url, poolSize: 2 })));
});
afterAll(async () => {
  await Promise.all(processes.map((each) => each.close()));
  await database.drop();
});

describe('locks on streams', () => {
  it('are held by one command at a time, over processes and in whatever order the streams are named', async () => {
    const locks = processes.map((each) => new DatabaseLocks(each));
    const holding = new Map<string, number>();
    let held = 0;
    const work = (streams: readonly string[]) => async () => {
      for (const stream of streams) {
        expect(holding.get(stream) ?? 0).toBe(0);
        holding.set(stream, 1);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
      for (const stream of streams) holding.set(stream, 0);
      held += 1;
    };
    const wanted = Array.from({ length: 40 }, (_, index) =>
      index % 2 === 0 ? ['a', `b${index % 3}`] : [`b${index % 3}`, 'a', 'c'],
    );
    await Promise.all(wanted.map((streams, index) => locks[(index >> 1) % 2]?.hold(streams, work(streams))));
    expect(held).toBe(40);
  });

  it('are free again after work that failed', async () => {
    const [locks, others] = processes.map((each) => new DatabaseLocks(each));
    const failing = () => Promise.reject(new Error('away'));
    await expect(locks?.hold(['a'], failing)).rejects.toThrow('away');
    expect(await others?.hold(['a'], async () => 'done')).toBe('done');
  });
});
