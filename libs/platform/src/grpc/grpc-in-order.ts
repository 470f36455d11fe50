import type { ServerDuplexStream } from '@grpc/grpc-js';
import { concatMap, map, type Observable } from 'rxjs';

/**
 * Answers a bidirectional stream: every message is worked on as it comes, at most `maxInFlight` at a time, and the answers
 * leave in the order of the messages. While that many wait, nothing more is read from the client.
 */
export function inOrder<Message, Answer>(
  call: Pick<ServerDuplexStream<unknown, unknown>, 'pause' | 'resume'>,
  messages: Observable<Message>,
  answer: (message: Message, index: number) => Promise<Answer>,
  maxInFlight: number,
): Observable<Answer> {
  let inFlight = 0;
  return messages.pipe(
    map((message, index) => {
      inFlight += 1;
      if (inFlight === maxInFlight) call.pause();
      const answered = answer(message, index);
      // A failure is reported where the answers are put in order; until then it must not count as unhandled.
      answered.catch(() => {});
      return answered;
    }),
    concatMap(async (answered) => {
      const result = await answered;
      if (inFlight === maxInFlight) call.resume();
      inFlight -= 1;
      return result;
    }),
  );
}
