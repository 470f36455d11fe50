import type { ExceptionSource } from '#platform';
import { schemaOf } from '#read-models';
import { dueReservationsProjection } from './due-reservations.projection.js';

/** Units stay held for carts that were given up long ago. */
export const overdueReservations: ExceptionSource = {
  kind: 'overdue-reservation',
  whatToDo:
    'Reservations of this SKU should have expired. The log says why they do not; release them by hand meanwhile.',
  openCases: `
    select sku as subject, min(due_at) as since,
           count(*) || ' reservations of ' || sum(units) || ' units are overdue.' as detail
      from ${schemaOf(dueReservationsProjection.name)}.holds where due_at < now() - interval '10 minutes' group by sku`,
};
