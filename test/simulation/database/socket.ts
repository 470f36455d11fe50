import { EventEmitter } from 'node:events';
import type { Scheduler } from '../kit/scheduler.js';
import type { DatabaseServer } from './server.js';
import type { Session } from './session.js';

export interface NetworkWeather {
  /** One way, in milliseconds; undefined where nothing gets through. */
  delayMs(): number | undefined;
}

/**
 * The client's end of a connection to the simulated server: as much of `net.Socket` as the driver uses. Bytes arrive in
 * order, late, or not at all. It belongs to the process that made it: a dead one hears nothing.
 */
export class SimulatedSocket extends EventEmitter {
  writable = true;
  readonly #scheduler: Scheduler;
  readonly #server: DatabaseServer;
  readonly #weather: () => NetworkWeather;
  readonly #process;
  #session: Session | undefined;
  #outgoing: Buffer[] = [];
  #arrivesAtMs = 0;
  #answersAtMs = 0;
  #closed = false;

  constructor(scheduler: Scheduler, server: DatabaseServer, weather: () => NetworkWeather) {
    super();
    this.#scheduler = scheduler;
    this.#server = server;
    this.#weather = weather;
    this.#process = scheduler.scope;
  }

  connect(): this {
    this.#connect(FIRST_RETRY_MS);
    return this;
  }

  /** As kernels do, a lost request to connect is sent again, after twice as long each time. */
  #connect(retryMs: number): void {
    if (this.#closed || this.#process.dead) return;
    const delayMs = this.#weather().delayMs();
    if (delayMs === undefined) {
      this.#inWorld(retryMs, 'connects again', () => this.#connect(2 * retryMs));
      return;
    }
    this.#inWorld(delayMs, 'connects', () => {
      if (this.#closed || this.#process.dead) return;
      if (this.#server.isDown) {
        this.#breakIn(delayMs, 'ECONNREFUSED');
        return;
      }
      this.#session = this.#server.connect(
        this.#process.name,
        (bytes) => this.#answer(bytes),
        (code) => this.#breakIn(this.#weather().delayMs() ?? PARTITION_NOTICED_MS, code),
      );
      this.#inProcess(delayMs, 'connected', () => this.emit('connect'));
    });
  }

  write(bytes: Buffer, written?: () => void): boolean {
    if (!this.writable) return false;
    this.#outgoing.push(bytes);
    if (this.#outgoing.length === 1) this.#sendSoon();
    written?.();
    return true;
  }

  /** The client is done: what it wrote still arrives, then the server learns of the end. */
  end(): this {
    this.writable = false;
    this.#hangUp();
    this.#inProcess(0, 'closed', () => this.#close());
    return this;
  }

  destroy(error?: Error): this {
    this.writable = false;
    this.#hangUp();
    this.#inProcess(0, 'destroyed', () => {
      if (error && !this.#closed) this.emit('error', error);
      this.#close();
    });
    return this;
  }

  /** The process is gone, or the server gives the connection up: the server hangs up, and who is left hears of it. */
  abandon(): void {
    this.#hangUp(0);
    this.#breakIn(0, 'ECONNRESET');
  }

  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  #sendSoon(): void {
    const delayMs = this.#weather().delayMs();
    if (delayMs === undefined) {
      this.#lose();
      return;
    }
    this.#arrivesAtMs = Math.max(this.#arrivesAtMs, this.#scheduler.nowMs + delayMs);
    this.#inWorld(this.#arrivesAtMs - this.#scheduler.nowMs, 'to database', () => {
      const bytes = Buffer.concat(this.#outgoing);
      this.#outgoing = [];
      if (this.#session && bytes.length > 0) this.#server.receive(this.#session, bytes);
    });
  }

  #answer(bytes: Buffer): void {
    const delayMs = this.#weather().delayMs();
    if (delayMs === undefined) {
      this.#lose();
      return;
    }
    this.#answersAtMs = Math.max(this.#answersAtMs, this.#scheduler.nowMs + delayMs);
    this.#inProcess(this.#answersAtMs - this.#scheduler.nowMs, 'from database', () => {
      if (!this.#closed) this.emit('data', bytes);
    });
  }

  /** Bytes were lost for good: both ends find out when their keep-alive does. */
  #lose(): void {
    this.#hangUp(PARTITION_NOTICED_MS);
    this.#breakIn(PARTITION_NOTICED_MS, 'ETIMEDOUT');
  }

  #breakIn(delayMs: number, code: string): void {
    this.#inProcess(delayMs, code, () => {
      if (this.#closed) return;
      this.writable = false;
      this.emit('error', Object.assign(new Error(`simulated ${code}`), { code }));
      this.#close();
    });
  }

  #hangUp(delayMs = this.#weather().delayMs() ?? PARTITION_NOTICED_MS): void {
    const session = this.#session;
    const after = Math.max(delayMs, this.#arrivesAtMs - this.#scheduler.nowMs);
    this.#inWorld(after, 'hangs up', () => {
      const ends = session ?? this.#session;
      if (ends) this.#server.end(ends);
    });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.writable = false;
    this.emit('end');
    this.emit('close');
  }

  #inWorld(delayMs: number, label: string, run: () => void): void {
    this.#scheduler.after(delayMs, run, `${this.#process.name} ${label}`, this.#scheduler.world);
  }

  #inProcess(delayMs: number, label: string, run: () => void): void {
    this.#scheduler.after(delayMs, run, label, this.#process);
  }
}

const FIRST_RETRY_MS = 1_000;
/** What `tcp_keepalives_*` of the writer's session come to. */
const PARTITION_NOTICED_MS = 11_000;
