import { answered, type Statement, statementOf } from './statement.js';
import { type Message, MessageReader, message, parametersOf, textAt } from './wire.js';

/** The messages up to a Sync, or one simple query: what the server answers as one. */
export interface Unit {
  readonly session: Session;
  readonly statement: Statement;
  /** As received, but for Parse; names of prepared statements are left out of Bind and Describe. */
  readonly messages: readonly Message[];
  /** What was prepared for it, just now or earlier; undefined for a simple query. */
  readonly prepared: Prepared | undefined;
  /** The client sent a Parse, and gets an error. */
  readonly parsesNow: boolean;
}

export interface Prepared {
  readonly sql: string;
  /** Number and types of the parameters, as a Parse message ends. */
  readonly types: Buffer;
}

/** The server's side of one connection. */
export class Session {
  open = true;
  listening = false;
  readonly #reader = new MessageReader();
  readonly #prepared = new Map<string, Prepared>();
  #gathered: Message[] = [];
  #current: Prepared | undefined;
  #parsesNow = false;

  constructor(
    readonly number: number,
    /** Which process it belongs to. */
    readonly client: string,
    /** Sends bytes to the client. */
    readonly answer: (bytes: Buffer) => void,
    /** Ends the connection as seen by the client. */
    readonly hangUp: (code: string) => void,
  ) {}

  /** What has arrived as a whole: units of work, 'startup' and 'goodbye'. */
  receive(bytes: Buffer): (Unit | 'startup' | 'goodbye')[] {
    return this.#reader.push(bytes).flatMap((received) => this.#take(received) ?? []);
  }

  #take(received: Message): Unit | 'startup' | 'goodbye' | undefined {
    switch (received.type) {
      case 'startup':
        return 'startup';
      case 'X':
        return 'goodbye';
      case 'Q':
        return this.#simple(received);
      case 'S':
        return this.#unit(received);
      case 'P':
        this.#prepare(received.body);
        return undefined;
      case 'B':
        this.#gathered.push(this.#bind(received.body));
        return undefined;
      default:
        this.#gathered.push(received);
        return undefined;
    }
  }

  /** What reads is carried out as a prepared statement: otherwise it would be planned every time. */
  #simple(received: Message): Unit {
    const { text } = textAt(received.body);
    const statement = statementOf(text);
    const planned = statement.repeatable && !text.includes(';');
    return {
      session: this,
      statement,
      messages: planned ? RUN_DESCRIBED : [received],
      prepared: planned ? { sql: text, types: NO_PARAMETERS } : undefined,
      parsesNow: false,
    };
  }

  #unit(sync: Message): Unit {
    const unit = {
      session: this,
      statement: statementOf(this.#current?.sql ?? ''),
      messages: [...this.#gathered, sync],
      prepared: this.#current,
      parsesNow: this.#parsesNow,
    };
    this.#gathered = [];
    this.#parsesNow = false;
    return unit;
  }

  #prepare(body: Buffer): void {
    const name = textAt(body);
    const sql = textAt(body, name.end);
    this.#current = { sql: sql.text, types: body.subarray(sql.end) };
    this.#prepared.set(name.text, this.#current);
    this.#parsesNow = true;
  }

  #bind(body: Buffer): Message {
    const portal = textAt(body);
    const name = textAt(body, portal.end);
    this.#current = this.#prepared.get(name.text);
    return message('B', portal.text, '', body.subarray(name.end));
  }
}

/** Number and types of no parameters, as a Parse message ends. */
export const NO_PARAMETERS = Buffer.alloc(2);
/** Bind without parameters, Execute without a limit, Sync. */
export const RUN: readonly Message[] = [
  message('B', '', '', Buffer.alloc(6)),
  message('E', '', Buffer.alloc(4)),
  message('S'),
];
const RUN_DESCRIBED: readonly Message[] = [...RUN.slice(0, 1), message('D', Buffer.from('P'), ''), ...RUN.slice(1)];

/** The first parameters that were bound in a unit. */
export function parametersIn({ messages }: Unit): (string | null)[] {
  const bind = messages.find(({ type }) => type === 'B');
  return bind ? parametersOf(bind.body) : [];
}

/** The same for units that ask the same. */
export const askedBy = ({ messages, prepared, parsesNow, statement }: Unit): string =>
  `${parsesNow} ${prepared?.types.toString('latin1')} ${statement.sql} ${messages.map(({ type, body }) => type + body.toString('latin1')).join(' ')}`;

/** The unit with a lock function's answer put into its statement. */
export function withAnswer(unit: Unit, answer: boolean): Unit {
  const sql = answered(unit.statement.sql, answer);
  return {
    ...unit,
    messages: unit.messages.map((each) => (each.type === 'Q' ? message('Q', sql) : each)),
    prepared: unit.prepared && { ...unit.prepared, sql },
  };
}
