import type { ProcessEvent, RecordedEvent } from '#event-sourcing';
import type { DatabaseServer } from '../database/server.js';
import { IN_CLEAR } from '../shops/customers.js';
import type { CatalogRecorded } from './catalog-fold.js';
import { checkCatalogAtRest, checkCatalogEvent, isOfCatalog } from './catalog-rules.js';
import type { CustomerRecorded } from './customer-fold.js';
import { checkCustomerEvent, isOfCustomers } from './customer-rules.js';
import { LogFold } from './log-fold.js';
import { ProcessOracle } from './process-oracle.js';
import { checkStockAtRest, checkStockEvent } from './stock-rules.js';
import { must } from './violation.js';

/** What a channel should have been shown of a SKU at one position of the log. */
export interface Numbers {
  readonly position: number;
  readonly revision: number;
  readonly available: Readonly<Record<string, number>>;
}

const BATCHES = `select first_position, event_count, recorded_at, convert_from(events, 'UTF8') as events from event_store.batches`;

interface StoredBatch {
  readonly first_position: number;
  readonly event_count: number;
  readonly recorded_at: string;
  readonly events: string;
}

type StoredEvent = Omit<RecordedEvent, 'position' | 'recordedAt'>;

/** Reads every commit to the log as soon as it is durable, folds it, and knows what a log must look like. */
export class LogOracle {
  readonly fold = new LogFold();
  readonly processes = new ProcessOracle();
  readonly events: RecordedEvent[] = [];
  /** Numbers per SKU, oldest first. */
  readonly numbers = new Map<string, Numbers[]>();
  readonly #database: DatabaseServer;
  readonly #revisions = new Map<string, number>();
  readonly #ids = new Set<string>();
  /** The commit that holds the events of a command, by stream and command. */
  readonly #commands = new Map<string, number>();
  readonly #declined = new Set<string>();
  #lastWriter = 0;

  constructor(database: DatabaseServer) {
    this.#database = database;
  }

  get head(): number {
    return this.fold.position;
  }

  /** Takes in what is new. */
  read(): void {
    const [newest] = this.#database.ask(`${BATCHES} order by 1 desc limit 1`) as StoredBatch[];
    if (!newest || newest.first_position <= this.head) return;
    // The same text each time is planned once; as a rule the newest is the only one.
    const batches =
      newest.first_position === this.head + 1
        ? [newest]
        : this.#database.ask(`${BATCHES} where first_position > ${this.head} order by 1`);
    for (const batch of batches as StoredBatch[]) this.#take(batch);
  }

  /** A process has written. Processes are numbered in the order in which they were started. */
  committedBy(process: string): void {
    const number = Number(process.slice(1));
    must(
      number >= this.#lastWriter,
      'a writer that was replaced writes no more',
      () => `${process} after p${this.#lastWriter}`,
    );
    this.#lastWriter = number;
    this.read();
  }

  /** A caller got the answer that its command is stored, or was before. A command may have no effect: then nothing is stored. */
  acknowledged(commandId: string, streams: readonly string[], position: number, hasEffect: boolean): void {
    must(
      position <= this.head,
      'an answer comes after the commit',
      () => `${streams} up to ${position}, log ends at ${this.head}`,
    );
    must(
      !hasEffect || streams.some((stream) => this.#commands.has(`${stream} ${commandId}`)),
      'an acknowledged command is in the log',
      () => `${commandId} on ${streams}`,
    );
  }

  has(stream: string, commandId: string): boolean {
    return this.#commands.has(`${stream} ${commandId}`);
  }

  #take({ first_position, event_count, recorded_at, events }: StoredBatch): void {
    const stored = JSON.parse(events) as StoredEvent[];
    must(first_position === this.head + 1, 'positions are dense', () => `${first_position} follows ${this.head}`);
    must(
      stored.length === event_count,
      'a commit holds what it says',
      () => `${stored.length} events of ${event_count} at ${first_position}`,
    );
    must(!IN_CLEAR.test(events), 'the log knows people by keyed hashes only', () => `at ${first_position}`);
    const touched = new Set<string>();
    const ofCatalog: CatalogRecorded[] = [];
    for (const [index, event] of stored.entries()) {
      const recorded = { ...event, position: first_position + index, recordedAt: recorded_at };
      this.#checkPlace(recorded, first_position);
      if (event.stream.startsWith('stock-')) touched.add(event.stream.slice('stock-'.length));
      if (isOfCatalog(recorded)) ofCatalog.push(recorded as CatalogRecorded);
      this.#apply(recorded);
    }
    checkCatalogAtRest(this.fold.catalog, ofCatalog);
    for (const sku of touched) checkStockAtRest(sku, this.fold.stockOf(sku));
  }

  #checkPlace({ id, stream, revision, metadata, position }: RecordedEvent, commit: number): void {
    const expected = (this.#revisions.get(stream) ?? -1) + 1;
    must(
      revision === expected,
      'revisions are dense',
      () => `${stream} has ${revision} at ${position}, not ${expected}`,
    );
    this.#revisions.set(stream, revision);
    must(!this.#ids.has(id), 'an event is stored once', () => `${id} on ${stream} at ${position}`);
    this.#ids.add(id);
    const key = `${stream} ${metadata.commandId}`;
    must(
      (this.#commands.get(key) ?? commit) === commit,
      'a command has its effect once',
      () => `${metadata.commandId} on ${stream}, again at ${position}`,
    );
    this.#commands.set(key, commit);
  }

  #apply(event: RecordedEvent): void {
    const { fold } = this;
    checkStockEvent(event, fold, this.#declined);
    if (isOfCatalog(event)) checkCatalogEvent(event as CatalogRecorded, fold.catalog);
    if (isOfCustomers(event)) checkCustomerEvent(event as CustomerRecorded, fold.customers);
    fold.apply(event);
    this.processes.apply(event as RecordedEvent<ProcessEvent>);
    this.events.push(event);
    if (event.stream.startsWith('stock-')) this.#noteNumbers(event.stream.slice('stock-'.length), event.position, true);
    else if (/^(location|channelpolicy)-/.test(event.stream))
      for (const sku of fold.stocks.keys()) this.#noteNumbers(sku, event.position, false);
  }

  /** A policy counts as a change of a SKU only where it changes its numbers. */
  #noteNumbers(sku: string, position: number, always: boolean): void {
    const stock = this.fold.stockOf(sku);
    const available = this.fold.supply.numbersOf(stock);
    const history = this.numbers.get(sku) ?? [];
    this.numbers.set(sku, history);
    if (!always && sameNumbers(history.at(-1)?.available ?? {}, available)) return;
    history.push({ position, revision: stock.revision, available });
  }
}

function sameNumbers(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const channels = Object.keys(b);
  return channels.length === Object.keys(a).length && channels.every((channel) => a[channel] === b[channel]);
}
