import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { JsonClient } from '#client';
import { waitUntilCaughtUp } from './caught-up.js';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

describe('waiting for the views', () => {
  it('goes on while the log grows under it, and ends when everybody has seen its end', async () => {
    const api = await systemThatSays([
      { memoryBytes: 1, head: 10, runners: [runner(10, 'a'), runner(4, 'b')] },
      { memoryBytes: 1, head: 12, runners: [runner(10, 'a'), runner(12, 'b')] },
      { memoryBytes: 1, head: 12, runners: [runner(12, 'a'), runner(12, 'b')] },
    ]);
    expect(await waitUntilCaughtUp(api)).toMatchObject({ memoryBytes: 1, head: 12 });
  });

  it('is over at once where everybody is near enough to the end', async () => {
    const api = await systemThatSays([{ memoryBytes: 1, head: 10, runners: [runner(10, 'a'), runner(4, 'b')] }]);
    expect(await waitUntilCaughtUp(api, { lagAtMost: 6 })).toMatchObject({ head: 10 });
    await expect(waitUntilCaughtUp(api, { lagAtMost: 5, stuckAfterMs: 150 })).rejects.toThrow('b at 4 of 10');
  });

  it('gives up on a view that stands still, by name', async () => {
    const api = await systemThatSays([
      { memoryBytes: 1, head: 10, runners: [runner(10, 'orders'), runner(4, 'stock')] },
    ]);
    await expect(waitUntilCaughtUp(api, { stuckAfterMs: 150 })).rejects.toThrow('stock at 4 of 10');
  });
});

const runner = (position: number, name: string) => ({ name, kind: 'projection', position, lag: 0 });

/** Says each once and the last without end. */
async function systemThatSays(statuses: object[]): Promise<JsonClient> {
  let next = 0;
  const listening = createServer((_request, response) => {
    response.end(JSON.stringify(statuses[Math.min(next, statuses.length - 1)]));
    next += 1;
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  return new JsonClient(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
}
