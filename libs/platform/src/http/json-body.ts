import { isUtf8 } from 'node:buffer';
import { InvalidRequest } from './invalid-request.js';

/**
 * The value of a JSON body. One without bytes is none, as if its content type had not been stated either: clients state it on
 * every request, `DELETE` included. Throws {@link InvalidRequest} for bytes that are not UTF-8, not JSON, or name `__proto__`.
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw invalid('invalid-utf8', 'The body is not valid UTF-8. Encode it as UTF-8.');
  const text = body.toString('utf8');
  const value = parse(text);
  if (text.includes('__proto__') || text.includes('\\u')) refuseProto(value);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The message of the parser quotes the body, which may be personal data: only the place is passed on.
    const place = /position \d+/.exec(error instanceof Error ? error.message : '')?.[0];
    throw invalid('invalid-json', `The body is not valid JSON${place ? ` (at ${place})` : ''}.`);
  }
}

/** Walks with a list of its own: a body nested a million deep must not overflow the stack. */
function refuseProto(value: unknown): void {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const current = open.pop();
    if (typeof current !== 'object' || current === null) continue;
    if (Object.hasOwn(current, '__proto__')) throw invalid('invalid-json', 'A field may not be called "__proto__".');
    for (const child of Object.values(current)) open.push(child);
  }
}

const invalid = (code: string, message: string): InvalidRequest =>
  new InvalidRequest([{ in: 'body', pointer: '#', message }], code);
