import type { Scheduler, Timer } from '../kit/scheduler.js';
import { type Backend, split } from './backend.js';
import { askedBy, NO_PARAMETERS, parametersIn, RUN, Session, type Unit, withAnswer } from './session.js';
import type { Statement } from './statement.js';
import { failure, messagesIn, query, WELCOME } from './wire.js';

export interface DiskWeather {
  /** How long a commit waits for the disk, in milliseconds. */
  syncMs(): number;
  /** SQLSTATE with which a writing statement fails; undefined for one that succeeds. */
  writeError(): string | undefined;
}

/** What a commit of a client consisted of, in the order in which it was carried out. */
export type OnCommit = (statements: readonly Statement[], client: string) => void;

/**
 * A PostgreSQL server as its clients see it: many sessions with transactions, advisory locks and notifications, a disk
 * that takes its time, crashes. All of it stands on one real session, so transactions run one after the other, and what
 * one has not committed is not seen.
 *
 * Only the log is read beside an open transaction: a rebuild does so while it holds its own.
 */
export class DatabaseServer {
  onCommit: OnCommit = () => {};
  weather: DiskWeather = { syncMs: () => 0.3, writeError: () => undefined };
  readonly #scheduler: Scheduler;
  readonly #backend: Backend;
  readonly #asked = new Set<string>();
  readonly #sessions = new Set<Session>();
  readonly #locks = new Map<string, { readonly session: Session; count: number }>();
  /** To what was read since the last write. */
  readonly #answers = new Map<string, Buffer>();
  #waiting: Unit[] = [];
  /** Whose transaction is open, and what it has done so far. */
  #owner: { readonly session: Session; readonly statements: Statement[]; failed: boolean } | undefined;
  #syncing: { readonly unit: Unit; readonly timer: Timer } | undefined;
  #numbers = 0;
  #down = false;

  constructor(scheduler: Scheduler, backend: Backend) {
    this.#scheduler = scheduler;
    this.#backend = backend;
  }

  get isDown(): boolean {
    return this.#down;
  }

  get isInTransaction(): boolean {
    return this.#owner !== undefined;
  }

  /** Everything that was connected is forgotten: for a new seed, after the engine was put back. */
  reset(): void {
    this.#sessions.clear();
    this.#answers.clear();
    this.#locks.clear();
    this.#waiting = [];
    this.#owner = undefined;
    this.#syncing = undefined;
    this.#numbers = 0;
    this.#down = false;
  }

  connect(client: string, answer: (bytes: Buffer) => void, hangUp: (code: string) => void): Session {
    this.#numbers += 1;
    const session = new Session(this.#numbers, client, answer, hangUp);
    this.#sessions.add(session);
    return session;
  }

  receive(session: Session, bytes: Buffer): void {
    if (!session.open) return;
    for (const what of session.receive(bytes)) {
      if (what === 'startup') session.answer(WELCOME);
      else if (what === 'goodbye') this.end(session);
      else this.#waiting.push(what);
    }
    this.#pump();
  }

  /** The session is over, as the server sees it: its transaction is rolled back and its locks are free. */
  end(session: Session): void {
    if (!session.open) return;
    session.open = false;
    this.#sessions.delete(session);
    this.#waiting = this.#waiting.filter((unit) => unit.session !== session);
    for (const [key, lock] of this.#locks) if (lock.session === session) this.#locks.delete(key);
    // A commit that waits for the disk is carried out all the same: it can no longer be called back.
    if (this.#syncing?.unit.session === session) return;
    if (this.#owner?.session === session) this.#rollBack();
    this.#pump();
  }

  /** The server dies. A commit that was waiting for the disk is on it or is not, as chance has it. */
  crash(backInMs: number): void {
    this.#down = true;
    this.#scheduler.trace('the database crashes');
    if (this.#syncing) {
      const { unit, timer } = this.#syncing;
      timer.cancelled = true;
      this.#syncing = undefined;
      if (this.#scheduler.random.chance(0.5)) this.#execute(unit);
    }
    if (this.#owner) this.#rollBack();
    for (const session of [...this.#sessions]) this.#hangUpOn(session);
    this.#waiting = [];
    this.#locks.clear();
    this.#scheduler.after(backInMs, () => (this.#down = false), 'the database is back', this.#scheduler.world);
  }

  /** One connection, chosen by chance, breaks. */
  breakOne(): void {
    const sessions = [...this.#sessions];
    if (sessions.length > 0) this.#hangUpOn(this.#scheduler.random.pick(sessions));
  }

  /** Rows of one SELECT as JSON. Only between transactions: others would see what is not committed. */
  ask(sql: string): unknown {
    const wrapped = `select coalesce(json_agg(r), '[]') from (${sql}) r`;
    for (const { type, body } of messagesIn(this.#askNow(wrapped))) {
      if (type === 'D') return JSON.parse(body.toString('utf8', 6));
      if (type === 'E') throw new Error(`${body.toString('latin1')}: ${sql}`);
    }
    throw new Error(`No answer: ${sql}`);
  }

  /** What is asked again and again is planned once. */
  #askNow(sql: string): Buffer {
    if (this.#asked.has(sql))
      return this.#backend.execute({ messages: RUN, prepared: { sql, types: NO_PARAMETERS }, parsesNow: false });
    if (this.#asked.size === ASKED_MAX) this.#asked.clear();
    this.#asked.add(sql);
    return this.#backend.exchange(query(sql));
  }

  #hangUpOn(session: Session): void {
    this.end(session);
    session.hangUp('ECONNRESET');
  }

  #pump(): void {
    while (!this.#syncing) {
      const unit = this.#next();
      if (!unit) return;
      this.#begin(unit);
    }
  }

  #next(): Unit | undefined {
    const owner = this.#owner;
    const index = owner
      ? this.#waiting.findIndex(
          (unit) => unit.session === owner.session || (unit.statement.readsLogOnly && !owner.failed),
        )
      : 0;
    return this.#waiting.splice(index < 0 ? this.#waiting.length : index, 1)[0];
  }

  #begin(unit: Unit): void {
    const { kind } = unit.statement;
    const own = this.#owner?.session === unit.session;
    const durable = own ? kind === 'commit' && !this.#owner?.failed : kind === 'write';
    if (kind === 'write') {
      const code = this.weather.writeError();
      if (code !== undefined) {
        this.#fail(unit, code);
        return;
      }
    }
    if (!durable) {
      this.#execute(unit);
      return;
    }
    const timer = this.#scheduler.after(
      this.weather.syncMs(),
      () => {
        this.#syncing = undefined;
        this.#execute(unit);
        if (!unit.session.open && this.#owner?.session === unit.session) this.#rollBack();
        this.#pump();
      },
      `disk ${unit.statement.label}`,
      this.#scheduler.world,
    );
    this.#syncing = { unit, timer };
  }

  #fail(unit: Unit, code: string): void {
    this.#scheduler.trace(`disk fails with ${code}: ${unit.statement.label}`);
    this.#reply(unit, this.#backend.exchange(failure(code)));
  }

  #execute(unit: Unit): void {
    const { session, statement } = unit;
    if (statement.kind === 'listen') session.listening = true;
    const answer = this.#answerTo(unit);
    this.#scheduler.trace(`#${session.number} ${statement.label}`);
    this.#reply(unit, answer);
  }

  /** What is asked again before anything was written gets the same answer, without carrying it out again. */
  #answerTo(unit: Unit): Buffer {
    const { statement } = unit;
    if (!statement.repeatable || this.#owner) {
      if (statement.kind !== 'read') this.#answers.clear();
      return this.#backend.execute(statement.lock ? withAnswer(unit, this.#lock(unit)) : unit);
    }
    const key = askedBy(unit);
    const known = this.#answers.get(key);
    if (known) return known;
    const answer = this.#backend.execute(unit);
    this.#answers.set(key, answer);
    return answer;
  }

  #reply(unit: Unit, answer: Buffer): void {
    const { own, notifications } = split(answer);
    let status = 'I';
    let failed = false;
    for (const { type, body } of messagesIn(own)) {
      if (type === 'Z') status = String.fromCharCode(body[0] ?? 0);
      if (type === 'E') failed = true;
    }
    if (unit.session.open) unit.session.answer(own);
    for (const session of this.#sessions)
      if (session.listening) for (const notification of notifications) session.answer(notification);
    this.#note(unit, status, failed);
  }

  #note({ session, statement }: Unit, status: string, failed: boolean): void {
    const statements = this.#owner?.session === session ? this.#owner.statements : [];
    if (!failed) statements.push(statement);
    if (status !== 'I') {
      if (this.#owner?.session === session) this.#owner.failed = status === 'E';
      else if (!this.#owner) this.#owner = { session, statements, failed: status === 'E' };
      return;
    }
    if (this.#owner && this.#owner.session !== session) return;
    this.#owner = undefined;
    if (!failed && statement.kind !== 'rollback' && statements.some(({ kind }) => kind === 'write'))
      this.onCommit(statements, session.client);
  }

  #rollBack(): void {
    this.#owner = undefined;
    this.#backend.exchange(query('rollback'));
  }

  #lock(unit: Unit): boolean {
    const { session, statement } = unit;
    if (statement.lock === 'unlock-all') {
      for (const [key, lock] of this.#locks) if (lock.session === session) this.#locks.delete(key);
      return true;
    }
    const key = parametersIn(unit).join('/');
    const held = this.#locks.get(key);
    if (held && held.session !== session) return false;
    if (statement.lock === 'try') {
      this.#locks.set(key, { session, count: (held?.count ?? 0) + 1 });
      return true;
    }
    if (held && held.count > 1) held.count -= 1;
    else this.#locks.delete(key);
    return held !== undefined;
  }
}

const ASKED_MAX = 500;
