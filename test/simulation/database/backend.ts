import type { Engine } from './engine.js';
import type { Unit } from './session.js';
import { encode, message, messagesIn } from './wire.js';

/**
 * Carries out units on the one real session. Each text of a statement is prepared there once, whichever session says it
 * and under whatever name: planning a query costs more than running it.
 */
export class Backend {
  readonly #engine: Engine;
  readonly #names = new Map<string, string>();
  #known = new Set<string>();
  #kept: ReadonlySet<string> = new Set();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The engine keeps its state: what is prepared is part of it. */
  keep(): void {
    this.#engine.keep();
    this.#kept = new Set(this.#known);
  }

  restore(): void {
    this.#engine.restore();
    this.#known = new Set(this.#kept);
  }

  /** Carries out bytes that concern no session. */
  exchange(bytes: Buffer): Buffer {
    return this.#engine.exchange(bytes);
  }

  /** The answer as the session expects it. */
  execute({ messages, prepared, parsesNow }: Pick<Unit, 'messages' | 'prepared' | 'parsesNow'>): Buffer {
    if (!prepared) return this.#engine.exchange(Buffer.concat(messages.map(encode)));
    const name = this.#nameOf(`${prepared.types.toString('hex')} ${prepared.sql}`);
    const known = this.#known.has(name);
    const bytes = messages.map((each) =>
      encode(each.type === 'B' ? message('B', '', name, each.body.subarray(2)) : each),
    );
    if (!known) bytes.unshift(encode(message('P', name, prepared.sql, prepared.types)));
    const answer = this.#engine.exchange(Buffer.concat(bytes));
    const parsed = answer[0] === PARSE_COMPLETE[0];
    if (parsed && !known) this.#known.add(name);
    if (known && parsesNow) return Buffer.concat([PARSE_COMPLETE, answer]);
    return parsed && !parsesNow ? answer.subarray(PARSE_COMPLETE.length) : answer;
  }

  #nameOf(key: string): string {
    const name = this.#names.get(key) ?? `s${this.#names.size}`;
    this.#names.set(key, name);
    return name;
  }
}

const PARSE_COMPLETE = encode(message('1'));

/** The messages of an answer, apart from notifications, which belong to their listeners. */
export function split(answer: Buffer): { readonly own: Buffer; readonly notifications: Buffer[] } {
  if (!answer.includes(NOTIFICATION)) return { own: answer, notifications: [] };
  const [own, notifications]: [Buffer[], Buffer[]] = [[], []];
  for (const { type, whole } of messagesIn(answer)) (type === 'A' ? notifications : own).push(whole);
  return { own: Buffer.concat(own), notifications: notifications.map((each) => Buffer.from(each)) };
}

const NOTIFICATION = 'A'.charCodeAt(0);
