// The messages of PostgreSQL's protocol, as far as the simulated server looks into them.
// https://www.postgresql.org/docs/18/protocol-message-formats.html

export interface Message {
  /** One letter. */
  readonly type: string;
  readonly body: Buffer;
}

/** Takes whole messages off a stream of bytes; the first one of a connection has no type. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;

  push(bytes: Buffer): Message[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const messages: Message[] = [];
    for (let message = this.#next(); message; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): Message | undefined {
    const head = this.#begun ? 1 : 0;
    if (this.#rest.length < head + 4) return undefined;
    const end = head + this.#rest.readInt32BE(head);
    if (this.#rest.length < end) return undefined;
    const type = this.#begun ? String.fromCharCode(this.#rest[0] ?? 0) : 'startup';
    const body = this.#rest.subarray(head + 4, end);
    this.#rest = this.#rest.subarray(end);
    this.#begun = true;
    return { type, body };
  }
}

export const encode = ({ type, body }: Message): Buffer => {
  const bytes = Buffer.allocUnsafe(5 + body.length);
  bytes.write(type, 0, 'latin1');
  bytes.writeInt32BE(4 + body.length, 1);
  body.copy(bytes, 5);
  return bytes;
};

export const message = (type: string, ...parts: readonly (Buffer | string)[]): Message => ({
  type,
  body: Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part))),
});

/** The text up to the first NUL after `start`, and where the rest begins. */
export function textAt(body: Buffer, start = 0): { readonly text: string; readonly end: number } {
  const end = body.indexOf(0, start);
  return { text: body.toString('utf8', start, end), end: end + 1 };
}

/** The parameters of a Bind message as text. */
export function parametersOf(bind: Buffer): (string | null)[] {
  let at = textAt(bind, textAt(bind).end).end;
  at += 2 + 2 * bind.readInt16BE(at);
  const count = bind.readInt16BE(at);
  at += 2;
  return Array.from({ length: count }, () => {
    const length = bind.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return bind.toString('utf8', at - length, at);
  });
}

/** The messages of an answer of the server. */
export function* messagesIn(bytes: Buffer): Generator<Message & { readonly whole: Buffer }> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    yield {
      type: String.fromCharCode(bytes[at] ?? 0),
      body: bytes.subarray(at + 5, end),
      whole: bytes.subarray(at, end),
    };
    at = end;
  }
}

/** What a server says when it lets a client in. */
export const WELCOME = Buffer.concat(
  [
    message('R', Buffer.from([0, 0, 0, 0])),
    ...Object.entries({
      server_version: '18.0',
      server_encoding: 'UTF8',
      client_encoding: 'UTF8',
      DateStyle: 'ISO, MDY',
      TimeZone: 'UTC',
      integer_datetimes: 'on',
      standard_conforming_strings: 'on',
    }).map(([name, value]) => message('S', name, value)),
    message('K', Buffer.alloc(8)),
    message('Z', Buffer.from('I')),
  ].map(encode),
);

/** A simple query. */
export const query = (sql: string): Buffer => encode(message('Q', sql));

/** A query that fails with this SQLSTATE, and takes a transaction with it. */
export const failure = (code: string): Buffer =>
  query(`do $do$ begin raise exception 'simulated failure' using errcode = '${code}'; end $do$`);
