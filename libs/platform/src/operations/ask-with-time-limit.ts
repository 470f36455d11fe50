/** There was no answer in time. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  constructor(limitMs: number) {
    super(`no answer within ${limitMs} ms`);
  }
}

/**
 * A question that may hang: the caller waits for `limitMs` at most and then gets {@link NoAnswer}. While one is open
 * the next callers wait for the same answer, so that questions do not gather in front of what hangs.
 */
export function askWithTimeLimit<Answer>(ask: () => Answer | Promise<Answer>, limitMs: number): () => Promise<Answer> {
  let open: Promise<Answer> | undefined;
  return () => {
    open ??= (async () => ask())().finally(() => {
      open = undefined;
    });
    return within(open, limitMs);
  };
}

async function within<Answer>(answer: Promise<Answer>, limitMs: number): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new NoAnswer(limitMs)), limitMs);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
