import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; `{}` where there is none. */
  readonly body: Record<string, unknown>;
}

export type Body = string | Uint8Array<ArrayBuffer> | object;

/** The REST API as a client sees it. */
export class Api {
  constructor(readonly httpUrl: string) {}

  /** One request. A body that is neither text nor bytes is sent as JSON. Rejects where no server answers. */
  async send(method: string, path: string, body?: Body, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.httpUrl}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && {
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? z.record(z.string(), z.unknown()).parse(JSON.parse(text)) : {},
    };
  }

  /** A request that has to succeed; its answer in the shape expected. */
  async ask<Schema extends z.ZodType>(method: string, path: string, answer: Schema, body?: Body) {
    const { status, text, body: json } = await this.send(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} was answered ${status}: ${text}`);
    return answer.parse(json);
  }

  async put(path: string, body: Body): Promise<void> {
    await this.ask('PUT', path, z.unknown(), body);
  }

  async post(path: string, body: Body): Promise<void> {
    await this.ask('POST', path, z.unknown(), body);
  }

  /** Position of the last event in the log. */
  async head(): Promise<number> {
    return (await this.ask('GET', '/v1/status', status)).head;
  }

  /** Until every view and process has passed every event, twice in a row: what a process adds counts as well. */
  async settled(): Promise<number> {
    let before = -1;
    return until('every view and process has seen every event', async () => {
      const { head, runners } = await this.ask('GET', '/v1/status', status);
      const isSettled = runners.every(({ lag }) => lag === 0) && head === before;
      before = head;
      return isSettled ? head : undefined;
    });
  }
}

const status = z.object({ head: z.int(), runners: z.array(z.object({ name: z.string(), lag: z.int() })) });

/** Asks until there is an answer; fails with these words when there is none in time. */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | undefined>,
  withinMs = 30_000,
): Promise<Value> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (performance.now() > deadlineMs) throw new Error(`It did not come about within ${withinMs} ms that ${what}.`);
    await delay(POLL_MS);
  }
}

const POLL_MS = 25;
