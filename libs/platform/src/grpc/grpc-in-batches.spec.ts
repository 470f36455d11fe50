import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import { inBatches } from './grpc-in-batches.js';

function client() {
  const calls: string[] = [];
  return { calls, pause: () => void calls.push('pause'), resume: () => void calls.push('resume') };
}

describe('a stream that is worked through in batches', () => {
  it('is worked on in its order, what came meanwhile together, and resolves after the last', async () => {
    const messages = new Subject<number>();
    const batches: (readonly number[])[] = [];
    const done = inBatches(
      client(),
      messages,
      async (batch) => {
        batches.push(batch);
        await delay(1);
      },
      3,
    );
    for (const message of [1, 2, 3, 4, 5]) messages.next(message);
    messages.complete();
    await done;
    expect(batches).toEqual([[1], [2, 3, 4], [5]]);
  });

  it('is not read further while a full batch waits', async () => {
    const messages = new Subject<number>();
    const call = client();
    let goOn = () => {};
    const first = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const done = inBatches(call, messages, () => first, 2);
    messages.next(1);
    messages.next(2);
    expect(call.calls.at(-1)).toBe('resume');
    messages.next(3);
    expect(call.calls.at(-1)).toBe('pause');
    messages.complete();
    goOn();
    await done;
    expect(call.calls.at(-1)).toBe('resume');
  });

  it('ends with the error of its work, and takes nothing more', async () => {
    const messages = new Subject<number>();
    const seen: number[] = [];
    const done = inBatches(
      client(),
      messages,
      async ([message = 0]) => {
        seen.push(message);
        throw new Error('no room');
      },
      1,
    );
    messages.next(1);
    await expect(done).rejects.toThrow('no room');
    messages.next(2);
    expect(seen).toEqual([1]);
  });

  it('ends at once where nothing came', async () => {
    const messages = new Subject<number>();
    const done = inBatches(client(), messages, async () => {}, 1);
    messages.complete();
    await expect(done).resolves.toBeUndefined();
  });
});
