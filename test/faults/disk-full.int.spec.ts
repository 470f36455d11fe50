import { expect, it } from '@jest/globals';
import { fillDisk } from './disk-full.js';
import { quietly } from './support/quietly.js';

it('refuses clearly while the disk is full, loses nothing, and goes on when there is room', async () => {
  const { figures, violations, impossible } = await fillDisk(quietly, {
    rounds: 1,
    diskMiB: 160,
    ballastMiB: 48,
    fullMs: 0,
  });
  expect(violations).toEqual([]);
  if (impossible === undefined) expect(figures).toMatchObject({ rounds: 1, lost: 0, doubled: 0, oversold: 0 });
  else process.stdout.write(`The disk was not filled. ${impossible}\n`);
}, 240_000);
