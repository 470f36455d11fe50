import { expect, it } from '@jest/globals';
import { heavySales } from './backlog.js';
import { quietly } from './support/quietly.js';

it('books sales of twenty thousand lines at once, over kill -9, in the memory that the launcher grants', async () => {
  const { figures, violations } = await heavySales(quietly, {
    requests: 3,
    salesPerRequest: 7,
    linesPerSale: 1_000,
    orderMsMax: 10_000,
  });
  expect(violations).toEqual([]);
  expect(figures).toMatchObject({ 'requests recorded': 3, 'lines recorded': 21_000 });
}, 240_000);
