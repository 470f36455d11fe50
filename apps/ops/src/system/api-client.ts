import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** What the system said instead of doing what it was asked. `message` is the sentence of its problem document. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The system cannot be reached any more. */
export class SystemUnreachable extends Error {
  override readonly name = 'SystemUnreachable';
}

export const problemSchema = z.object({
  status: z.int().default(0),
  code: z.string().default('unknown'),
  detail: z.string().default('no reason given'),
});

/**
 * The REST API of one system. A request that is told to wait (429, 503) is sent again after the time asked for, up to
 * {@link MAX_ATTEMPTS} times: every write this tool makes carries an id, so a repeat changes nothing.
 */
export class ApiClient {
  constructor(readonly httpUrl: string) {}

  /** The parsed answer. Throws {@link RequestRefused} and {@link SystemUnreachable}. */
  async get<Schema extends z.ZodType>(path: string, answer: Schema): Promise<z.output<Schema>> {
    return answer.parse(parsedAnswer(await this.#send('GET', path, undefined)));
  }

  /** The answer as it comes. */
  async getText(path: string): Promise<string> {
    return this.#send('GET', path, undefined);
  }

  /** `json` is the body, serialised already. */
  async post<Schema extends z.ZodType>(path: string, json: string, answer: Schema): Promise<z.output<Schema>> {
    return answer.parse(parsedAnswer(await this.#send('POST', path, json)));
  }

  async put(path: string, body: object): Promise<void> {
    await this.#send('PUT', path, JSON.stringify(body));
  }

  async #send(method: string, path: string, body: string | undefined): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#once(method, path, body);
      if (answer.status < 300) return answer.text;
      if (!mayGoBetterLater(answer.status) || attempt >= MAX_ATTEMPTS) throw refusal(method, path, answer);
      await delay(answer.retryAfterMs);
    }
  }

  async #once(method: string, path: string, body: string | undefined): Promise<Answer> {
    try {
      const response = await fetch(`${this.httpUrl}${path}`, {
        method,
        ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const retryAfterSeconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      const retryAfterMs = Number.isFinite(retryAfterSeconds)
        ? Math.min(retryAfterSeconds * 1_000, MAX_PAUSE_MS)
        : PAUSE_MS;
      return { status: response.status, text: await response.text(), retryAfterMs };
    } catch (error) {
      throw new SystemUnreachable(
        `The system at ${this.httpUrl} gave no answer to ${method} ${path}: ${reasonOf(error)}.`,
        { cause: error },
      );
    }
  }
}

/** The system has too much to do, or is just changing hands. */
export const mayGoBetterLater = (status: number): boolean => status === 429 || status === 503;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number;
}

const MAX_ATTEMPTS = 60;
const PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;
const REQUEST_TIMEOUT_MS = 120_000;

function refusal(method: string, path: string, { status, text }: Answer): RequestRefused {
  const problem = problemSchema.safeParse(parsed(text)).data ?? { code: 'unknown', detail: text.slice(0, 500) };
  return new RequestRefused(
    status,
    problem.code,
    `${method} ${path} was answered ${status} (${problem.code}): ${problem.detail}`,
  );
}

const parsedAnswer = (text: string): unknown => (text === '' ? {} : JSON.parse(text));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
