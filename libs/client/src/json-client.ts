import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/** An answer that is not a 2xx, or not of the shape expected. `message` is a sentence with what was asked and answered. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  constructor(
    readonly status: number,
    /** Of the problem document. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** No answer came. */
export class SystemUnreachable extends Error {
  override readonly name = 'SystemUnreachable';
}

export interface JsonRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  /** A text is sent as it is: JSON already. */
  readonly body?: unknown;
  readonly token?: string;
}

export interface JsonClientOptions {
  /** Ends what is asked, and waits. */
  readonly signal?: AbortSignal;
  /** How often a server that cannot be reached is asked: it may be just starting. */
  readonly connectAttempts?: number;
}

/** Our problem documents say `detail`; the shop says `message`. */
export const problemSchema = z
  .object({
    status: z.int().default(0),
    code: z.string().default('unknown'),
    detail: z.string().optional(),
    message: z.string().optional(),
  })
  .transform(({ status, code, detail, message }) => ({ status, code, detail: detail ?? message ?? 'no reason given' }));

/** The server has too much to do, or is just changing hands. */
export const mayGoBetterLater = (status: number): boolean => status === 429 || status === 503;

/**
 * Asks one server for JSON. A request that has to wait is sent again after the time asked for, up to
 * {@link MAX_ATTEMPTS} times: callers send only what may be repeated without harm.
 */
export class JsonClient {
  constructor(
    readonly baseUrl: string,
    private readonly options: JsonClientOptions = {},
  ) {}

  /** The answer, checked. Throws {@link RequestRefused} and {@link SystemUnreachable}. */
  async ask<Schema extends z.ZodType>(request: JsonRequest, answer: Schema): Promise<z.output<Schema>> {
    const text = await this.send(request);
    const { data, error } = answer.safeParse(text === '' ? {} : parsed(text));
    if (error === undefined) return data;
    const { path = [], message } = error.issues[0] ?? {};
    const sentence = `${request.method} ${request.path} answered something else than expected at ${path.join('.')}: ${message}`;
    throw new RequestRefused(200, 'unexpected-answer', sentence);
  }

  get<Schema extends z.ZodType>(path: string, answer: Schema): Promise<z.output<Schema>> {
    return this.ask({ method: 'GET', path }, answer);
  }

  /** The answer as it comes. */
  getText(path: string): Promise<string> {
    return this.send({ method: 'GET', path });
  }

  post<Schema extends z.ZodType>(path: string, body: unknown, answer: Schema): Promise<z.output<Schema>> {
    return this.ask({ method: 'POST', path, body }, answer);
  }

  async put(path: string, body: unknown): Promise<void> {
    await this.send({ method: 'PUT', path, body });
  }

  private async send(request: JsonRequest): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.once(request, attempt);
      if (response && response.status >= 200 && response.status < 300) return response.text;
      if (response && (!mayGoBetterLater(response.status) || attempt >= MAX_ATTEMPTS)) throw refusal(request, response);
      await delay(response?.retryAfterMs ?? PAUSE_MS, undefined, { signal: this.options.signal });
    }
  }

  /** Undefined where no answer came and the server may be asked again. */
  private async once({ method, path, body, token }: JsonRequest, attempt: number): Promise<Received | undefined> {
    const { signal, connectAttempts = 1 } = this.options;
    try {
      const response = await fetch(`${this.baseUrl}${path}`, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        signal: AbortSignal.any([...(signal ? [signal] : []), AbortSignal.timeout(TIMEOUT_MS)]),
      });
      return { status: response.status, text: await response.text(), retryAfterMs: retryAfterMs(response.headers) };
    } catch (cause) {
      signal?.throwIfAborted();
      // `fetch` reports a refused or broken connection as a TypeError.
      if (cause instanceof TypeError && attempt < connectAttempts) return undefined;
      const sentence = `The system at ${this.baseUrl} gave no answer to ${method} ${path}: ${reasonOf(cause)}.`;
      throw new SystemUnreachable(sentence, { cause });
    }
  }
}

interface Received {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number;
}

const MAX_ATTEMPTS = 60;
const PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;
const TIMEOUT_MS = 120_000;

function retryAfterMs(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.min(seconds * 1_000, MAX_PAUSE_MS) : PAUSE_MS;
}

function refusal({ method, path }: JsonRequest, { status, text }: Received): RequestRefused {
  const { code, detail } = problemSchema.safeParse(parsed(text)).data ?? {
    code: 'unknown',
    detail: text.slice(0, 500) || 'no reason given',
  };
  const named = code === 'unknown' ? '' : ` (${code})`;
  return new RequestRefused(status, code, `${method} ${path} was answered ${status}${named}: ${detail}`);
}

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
