import { z } from 'zod';
import type { ProcessEvent } from '#event-sourcing';
import { defineEvents, type EventDefinition } from '../define-events.js';

const cause = z.strictObject({ id: z.string(), type: z.string(), position: z.int().positive() });
const kept = z.record(z.string(), z.unknown());
const step = z.string();
const afterwards = z.enum(['stuck', 'refused']);

/** Of stream `process-<name>:<instance>`: how far one instance of a process is, in whatever service. */
export const processEvents = defineEvents({
  ProcessStarted: {
    when: 'An event started an instance of a process.',
    data: z.strictObject({ process: z.string(), instance: z.string(), because: cause, data: kept }),
  },
  ProcessEventSeen: {
    when: 'An answer came before the process waits for it.',
    data: cause.extend({ stream: z.string(), data: kept }),
  },
  StepSent: {
    when: 'A step has sent its commands, and waits for an event until a time.',
    data: z.strictObject({
      step,
      waitsFor: z.array(z.string()),
      until: z.string(),
      forMs: z.int().positive(),
      afterwards,
    }),
  },
  StepAnswered: {
    when: 'A step is done or refused; without an answer, a part of it is known.',
    data: z.strictObject({
      step,
      answer: z.enum(['done', 'refused']).optional(),
      because: cause.optional(),
      reason: z.string().optional(),
      data: kept.optional(),
      applied: z.array(z.string()).optional(),
    }),
  },
  StepTimedOut: {
    when: 'The time of a step was up before its answer came, or a person did not want to wait any longer.',
    data: z.strictObject({ step, until: z.string(), afterwards, reason: z.string().optional() }),
  },
  StepUndone: {
    when: 'What a step had done is taken back.',
    data: z.strictObject({ step }),
  },
  StepStuck: {
    when: 'What a step had done cannot be taken back: a person has to look.',
    data: z.strictObject({ step, reason: z.string() }),
  },
  StepRetried: {
    when: 'A person had the step tried again that waits or is stuck.',
    data: z.strictObject({ step, until: z.string().optional() }),
  },
  ProcessEnded: {
    when: 'A process has done all of its steps, has taken them back, or was ended by a person.',
    data: z.strictObject({ end: z.enum(['done', 'undone', 'ended']), reason: z.string().optional() }),
  },
} satisfies Readonly<Record<ProcessEvent['type'], EventDefinition>>);
