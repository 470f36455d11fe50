import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** An answer that is not a 2xx. `message` says what was asked and what was answered. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface JsonRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string;
}

/**
 * Asks one server for JSON. What is told to wait (429, 503), or is not heard because the server is just starting, is
 * asked again up to {@link MAX_ATTEMPTS} times: every request of the demo may be repeated without harm.
 */
export class JsonClient {
  constructor(
    readonly baseUrl: string,
    private readonly signal: AbortSignal,
  ) {}

  /** The answer, checked. Throws {@link RequestFailed}, and what `fetch` throws where nobody answers. */
  async ask<Schema extends z.ZodType>(request: JsonRequest, answer: Schema): Promise<z.output<Schema>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return understood(request, answer.safeParse(await this.#once(request)));
      } catch (error) {
        this.signal.throwIfAborted();
        if (attempt >= MAX_ATTEMPTS || !mayGoBetterLater(error)) throw error;
        await delay(PAUSE_MS, undefined, { signal: this.signal });
      }
    }
  }

  async #once({ method, path, body, token }: JsonRequest): Promise<unknown> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([this.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const text = await response.text();
    if (response.ok) return text === '' ? {} : JSON.parse(text);
    throw new RequestFailed(response.status, `${method} ${path} was answered ${response.status}: ${sentenceIn(text)}`);
  }
}

function understood<Answer>({ method, path }: JsonRequest, { data, error }: z.ZodSafeParseResult<Answer>): Answer {
  if (error === undefined) return data;
  const issue = error.issues[0];
  throw new RequestFailed(
    200,
    `${method} ${path} answered something else than expected at ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

const MAX_ATTEMPTS = 20;
const PAUSE_MS = 250;
const TIMEOUT_MS = 30_000;

/** `fetch` reports a refused or broken connection as a TypeError. */
const mayGoBetterLater = (error: unknown): boolean =>
  error instanceof RequestFailed ? error.status === 429 || error.status === 503 : error instanceof TypeError;

/** Einklang says `detail`, the shop says `message`. */
const problem = z.union([
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
  z.object({ message: z.string() }).transform(({ message }) => message),
]);

function sentenceIn(text: string): string {
  try {
    return problem.parse(JSON.parse(text));
  } catch {
    return text.slice(0, 200) || 'no reason given';
  }
}
