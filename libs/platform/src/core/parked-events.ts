import type { ExceptionSource } from '../exceptions/exceptions.js';

export const parkedEvents: ExceptionSource = {
  kind: 'parked-event',
  whatToDo:
    'Events of this stream wait, all others go on. Read the error, mend its cause, then try again with ops parked retry, or do without it with ops parked skip.',
  openCases: `
    select runner || ' ' || stream as subject, min(parked_at) as since,
           count(*) || ' events wait, the first at position ' || min(position) || ': '
             || (array_agg(error order by position))[1] as detail
      from read_models.parked where skipped_at is null group by runner, stream`,
};
