import { expect, it } from '@jest/globals';
import { startOnLongLog } from './start.js';
import { quietly } from './support/quietly.js';

it('reserves the next unit after kill -9 on a log of a hundred thousand events', async () => {
  const { figures, violations } = await startOnLongLog(quietly, {
    events: 100_000,
    eventsOfLongStream: 20_000,
    rounds: 1,
  });
  expect(violations).toEqual([]);
  expect(figures.events).toBeGreaterThanOrEqual(100_000);
}, 240_000);
