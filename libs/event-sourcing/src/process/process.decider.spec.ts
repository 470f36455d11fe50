import { describe, it } from '@jest/globals';
import { specify } from '#testing';
import { processDecider } from './process.decider.js';
import type { ProcessEvent } from './process-events.js';

const because = { id: 'e1', type: 'BasketBought', position: 7 };
const started: ProcessEvent = {
  type: 'ProcessStarted',
  data: { process: 'when-basket-is-bought-send-it', instance: 'b1', because, data: {} },
};
const until = '2026-01-31T12:01:00.000Z';
const waits = (afterwards: 'stuck' | 'refused'): ProcessEvent => ({
  type: 'StepSent',
  data: { step: 'pay', waitsFor: ['PaymentMade'], until, forMs: 60_000, afterwards },
});
const timedOut = (afterwards: 'stuck' | 'refused'): ProcessEvent => ({
  type: 'StepTimedOut',
  data: { step: 'pay', until, afterwards },
});
const ended = (end: 'done' | 'undone' | 'ended'): ProcessEvent => ({ type: 'ProcessEnded', data: { end } });
const timeOut = { type: 'TimeOutStep', step: 'pay', until } as const;
const { given } = specify(processDecider);

describe('the time of a step', () => {
  it.each(['stuck', 'refused'] as const)('is up once, and the step is then %s', (afterwards) => {
    given(started, waits(afterwards)).when(timeOut).thenEvents(timedOut(afterwards));
    given(started, waits(afterwards), timedOut(afterwards)).when(timeOut).thenEvents();
  });

  it('means nothing to a process that has gone on, has ended, or waits until another time', () => {
    given(started, waits('stuck'), { type: 'StepAnswered', data: { step: 'pay', answer: 'done' } })
      .when(timeOut)
      .thenEvents();
    for (const end of ['done', 'undone', 'ended'] as const)
      given(started, waits('stuck'), ended(end)).when(timeOut).thenEvents();
    given(started, waits('stuck'))
      .when({ ...timeOut, until: '2026-01-31T12:00:30.000Z' })
      .thenEvents();
    given().when(timeOut).thenEvents();
  });
});

describe('a person', () => {
  const at = Date.parse('2026-01-31T15:00:00Z');
  const again: ProcessEvent = { type: 'StepRetried', data: { step: 'pay', until: '2026-01-31T15:01:00.000Z' } };

  it('has a step tried again that waits or is past its time, with as much time as before', () => {
    given(started, waits('stuck')).when({ type: 'RetryStep' }, at).thenEvents(again);
    given(started, waits('stuck'), timedOut('stuck')).when({ type: 'RetryStep' }, at).thenEvents(again);
  });

  it('has an undo tried again that is stuck', () => {
    given(
      started,
      { type: 'StepAnswered', data: { step: 'pay', answer: 'refused' } },
      { type: 'StepStuck', data: { step: 'take', reason: 'shipped-already' } },
    )
      .when({ type: 'RetryStep' }, at)
      .thenEvents({ type: 'StepRetried', data: { step: 'take' } });
  });

  it('has nothing tried again where nothing waits', () => {
    given(started, ended('done')).when({ type: 'RetryStep' }).thenRejected('process-not-waiting', { state: 'done' });
    given().when({ type: 'RetryStep' }).thenRejected('unknown-process');
  });

  it('ends a process once, with a reason, unless it has ended by itself', () => {
    const end = { type: 'EndProcess', reason: 'the shop is closed', takeBack: false } as const;
    const endedByPerson: ProcessEvent = { type: 'ProcessEnded', data: { end: 'ended', reason: 'the shop is closed' } };
    given(started, waits('stuck')).when(end).thenEvents(endedByPerson);
    given(started, waits('stuck'), endedByPerson).when(end).thenEvents();
    given(started, ended('undone')).when(end).thenRejected('process-has-ended', { state: 'undone' });
    given().when(end).thenRejected('unknown-process');
  });

  it('ends a process that waits so that what it did is taken back', () => {
    const end = { type: 'EndProcess', reason: 'not wanted', takeBack: true } as const;
    given(started, waits('stuck'), timedOut('stuck'))
      .when(end)
      .thenEvents({
        type: 'StepTimedOut',
        data: { step: 'pay', until, afterwards: 'refused', reason: 'not wanted' },
      });
    given(started).when(end).thenRejected('process-not-waiting', { state: 'running' });
  });
});
