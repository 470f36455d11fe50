import type { Observable } from 'rxjs';

/**
 * Works through a stream of a client, in batches of what has come while the batch before was worked on. While `maxBatch` messages
 * wait, nothing more is read from the client. Resolves at the end of the stream; rejects with what `work` or the stream throws.
 */
export function inBatches<Message>(
  call: { pause(): unknown; resume(): unknown },
  messages: Observable<Message>,
  work: (batch: readonly Message[]) => Promise<void>,
  maxBatch: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting: Message[] = [];
    let isBusy = false;
    let hasEnded = false;
    const workOff = async (): Promise<void> => {
      if (isBusy) return;
      isBusy = true;
      while (waiting.length > 0) {
        const batch = waiting.splice(0, maxBatch);
        call.resume();
        await work(batch);
      }
      isBusy = false;
      if (hasEnded) resolve();
    };
    const begin = (): void => {
      workOff().catch((error: unknown) => {
        reading.unsubscribe();
        call.resume();
        reject(error);
      });
    };
    const reading = messages.subscribe({
      next: (message) => {
        waiting.push(message);
        if (waiting.length >= maxBatch) call.pause();
        begin();
      },
      error: reject,
      complete: () => {
        hasEnded = true;
        begin();
      },
    });
  });
}
