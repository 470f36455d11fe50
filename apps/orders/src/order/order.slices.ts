import { z } from 'zod';
import type { OrderEvent } from '#contracts';
import type { Outcome } from '#event-sourcing';
import { orderIdSchema } from '#platform';
import { orders } from '../orders.slices.js';
import { orderDecider } from './order.decide.js';

const orderChanged = z
  .object({
    orderId: z.string(),
    changed: z.boolean().meta({ description: 'False for a repeat' }),
    revision: z.int().meta({ description: 'Revision of the order after the command' }),
    position: z.int().meta({ description: 'A view that has reached this position shows the change' }),
  })
  .meta({ id: 'OrderChanged' });

/** Declares one decision on one order. */
export const orderCommand = orders.commandsOn({
  on: orderDecider,
  path: { orderId: orderIdSchema },
  id: ({ orderId }) => orderId,
  answer: orderChanged,
  answerOf: (orderId, { events, revision, position }: Outcome<OrderEvent>) => ({
    orderId,
    changed: events.length > 0,
    revision,
    position,
  }),
});
