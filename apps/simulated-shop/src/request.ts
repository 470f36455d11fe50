import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { ShopError } from './shop-error.js';

/** The checked JSON body. Throws {@link ShopError}: 413 where it is too large, 400 where it is not what the schema says. */
export async function readBody<Body>(request: IncomingMessage, schema: z.ZodType<Body>): Promise<Body> {
  const text = decode(await readBytes(request));
  return checked(schema, parse(text), 'body');
}

/** The checked query. Throws {@link ShopError} 400. */
export const readQuery = <Query>(url: URL, schema: z.ZodType<Query>): Query =>
  checked(schema, Object.fromEntries(url.searchParams), 'query');

const MAX_BODY_BYTES = 1024 * 1024;

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // The rest is read and thrown away: who is still sending cannot see an answer.
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES)
    throw new ShopError(413, 'body-too-large', 'The body is larger than 1 MiB: send it in parts.');
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ShopError(400, 'invalid-utf8', 'The body is not valid UTF-8.');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ShopError(400, 'invalid-json', 'The body is not valid JSON.');
  }
}

function checked<Value>(schema: z.ZodType<Value>, value: unknown, place: string): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = [place, ...(issue?.path ?? [])].join('.');
  throw new ShopError(400, 'invalid-request', `${where}: ${issue?.message ?? 'This is not what the route takes.'}`);
}
