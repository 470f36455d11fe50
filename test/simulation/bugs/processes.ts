import { commandIdOf, commitsTogether, timeOut } from '#event-sourcing';
import { newId } from '#kernel';
import { processRowAfter } from '#read-models';
import { inFunction, type PlantedBug } from '../kit/planting.js';

/** In how processes go on. */
export const processBugs: readonly PlantedBug[] = [
  {
    name: 'step-sent-twice-after-crash',
    what: 'A process records a step after its commands, and sends them again under other ids when it died in between.',
    faults: [inFunction(commitsTogether, () => () => false), inFunction(commandIdOf, () => () => newId())],
  },
  {
    name: 'time-out-after-end',
    what: 'The timer keeps the due time of a process that has ended, and the process takes the time-out.',
    faults: [
      inFunction(processRowAfter, (original) => (event, before) => {
        const row = original(event, before);
        return event.type === 'StepAnswered' || event.type === 'ProcessEnded' ? (before ?? row) : row;
      }),
      inFunction(timeOut, () => ({ step, until }) => [
        { type: 'StepTimedOut', data: { step, until, afterwards: 'stuck' } },
      ]),
    ],
  },
];
