import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { JsonClient } from '#client';
import { figuresSince, readPushCounts, waitUntilPushed } from './pushes.js';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

describe('the push figures of a replay', () => {
  it('are those since it began, per channel', async () => {
    const before = await readPushCounts(
      await systemThatSays([metrics({ within10ms: 100, within1s: 100, requests: 4 })]),
    );
    const after = await readPushCounts(
      await systemThatSays([metrics({ within10ms: 100, within1s: 300, requests: 9 })]),
    );
    // 200 numbers between 10 ms and 1 s: the hundredth of them in the middle.
    expect(figuresSince(before.get('ebay'), after.get('ebay'))).toEqual({
      pushes: 200,
      requests: 5,
      p50Ms: 505,
      p99Ms: expect.closeTo(990.1),
    });
  });

  it('are zero for a channel without pushes', () => {
    expect(figuresSince(undefined, undefined)).toEqual({ pushes: 0, requests: 0, p50Ms: 0, p99Ms: 0 });
  });
});

describe('waiting for the channels', () => {
  it('goes on until nothing has waited for a while', async () => {
    const api = await systemThatSays([lag(2), lag(0), lag(1), lag(0)]);
    const seen: number[] = [];
    await waitUntilPushed(api, ['ebay'], { onWaiting: (waiting) => seen.push(waiting), quietMs: 150 });
    expect(seen).toEqual([2, 1]);
  });

  it('does not care for other channels', async () => {
    await waitUntilPushed(await systemThatSays([lag(7)]), ['amazon'], { quietMs: 1 });
  });

  it('gives up on a channel that takes nothing, by name', async () => {
    const waiting = waitUntilPushed(await systemThatSays([lag(7)]), ['ebay'], { stuckAfterMs: 150 });
    await expect(waiting).rejects.toThrow('ebay (7 wait)');
  });
});

const lag = (waiting: number): string => JSON.stringify({ items: [{ channel: 'ebay', waiting }] });

const metrics = (counts: { within10ms: number; within1s: number; requests: number }): string => `
# HELP einklang_channel_push_lag_seconds Time
# TYPE einklang_channel_push_lag_seconds histogram
einklang_channel_push_lag_seconds_bucket{le="0.01",channel="ebay"} ${counts.within10ms}
einklang_channel_push_lag_seconds_bucket{le="1",channel="ebay"} ${counts.within1s}
einklang_channel_push_lag_seconds_bucket{le="+Inf",channel="ebay"} ${counts.within1s}
einklang_channel_push_lag_seconds_sum{channel="ebay"} 12.5
einklang_channel_push_lag_seconds_count{channel="ebay"} ${counts.within1s}
einklang_channel_push_requests_total{channel="ebay",outcome="answered"} ${counts.requests - 1}
einklang_channel_push_requests_total{channel="ebay",outcome="throttled"} 1
`;

/** Says each once and the last without end. */
async function systemThatSays(answers: string[]): Promise<JsonClient> {
  server?.close();
  let next = 0;
  const listening = createServer((_request, response) => {
    response.end(answers[Math.min(next, answers.length - 1)]);
    next += 1;
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  return new JsonClient(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
}
