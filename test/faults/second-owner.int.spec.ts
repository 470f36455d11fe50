import { expect, it } from '@jest/globals';
import { twoOwners } from './second-owner.js';
import { quietly } from './support/quietly.js';

it('has one writer, however many believe to be it', async () => {
  const { figures, violations } = await twoOwners(quietly, { rounds: 1, acknowledgedBetween: 1_000 });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ refused: 1, regained: 1, lost: 0, doubled: 0, oversold: 0 });
  expect((figures.taken ?? 0) + (figures.kept ?? 0)).toBe(1);
}, 240_000);
