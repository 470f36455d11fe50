import { expect, it } from '@jest/globals';
import { besideIdleTransaction } from './idle-transaction.js';
import { quietly } from './support/quietly.js';

it('delays no subscriber while a transaction stays open elsewhere, which holds up a reader of the xmin kind', async () => {
  const { figures, violations } = await besideIdleTransaction(quietly, { idleMs: 4_000 });
  expect(violations).toEqual([]);
  expect(figures.samples).toBeGreaterThan(20);
}, 240_000);
