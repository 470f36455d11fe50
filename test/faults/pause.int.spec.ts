import { expect, it } from '@jest/globals';
import { pauseUnderLoad } from './pause.js';
import { quietly } from './support/quietly.js';

it('lets no process write that slept through its successor, and outlasts a server that sleeps', async () => {
  const { figures, violations } = await pauseUnderLoad(quietly, {
    rounds: 1,
    acknowledgedBetween: 1_000,
    serverPauseMs: 2_000,
  });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ fenced: 1, lost: 0, doubled: 0, oversold: 0 });
}, 240_000);
