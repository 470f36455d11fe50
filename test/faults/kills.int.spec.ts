import { expect, it } from '@jest/globals';
import { killUnderLoad } from './kills.js';
import { quietly } from './support/quietly.js';

it("survives kill -9 of the writer's session, of our process with the server, and of every server process, under load", async () => {
  const { figures, violations } = await killUnderLoad(quietly, {
    kills: 3,
    acknowledged: 9_000,
    verifyEvery: 3,
    victims: ['session', 'both', 'server processes'],
  });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ kills: 3, lost: 0, doubled: 0, oversold: 0, verifications: 1 });
  expect(figures.events).toBeGreaterThanOrEqual(9_000);
}, 240_000);
