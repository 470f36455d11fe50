import type { DatabaseServer } from '../database/server.js';
import type { PushedNumber, Shop } from '../shops/shop.js';
import type { LogOracle } from './log-oracle.js';
import { must } from './violation.js';

export interface LedgerRow {
  readonly channel: string;
  readonly sku: string;
  readonly external_id: string;
  /** Or its channel is closed. */
  readonly ended: boolean;
  readonly wanted_quantity: number | null;
  readonly wanted_revision: number | null;
  readonly wanted_sequence: number;
  readonly acknowledged_quantity: number | null;
  readonly acknowledged_sequence: number;
}

/** Holds the push ledger against the log and against what the channels were really told. */
export class LedgerOracle {
  readonly #database: DatabaseServer;
  readonly #log: LogOracle;
  readonly #shops: ReadonlyMap<string, Shop>;
  readonly #sent = new Map<string, number>();
  /** The last number each process sent for a listing. */
  readonly #last = new Map<string, number>();
  /** The last of them that offered anything: an offer that ends and one on a closed channel get 0, and come back. */
  readonly #offered = new Map<string, number>();
  /** Which process has asked which channel for its orders since it sent it numbers. */
  readonly #asked = new Set<string>();
  /** Who settled a listing: the process whose commit made its wanted number the acknowledged one. Undefined until then. */
  readonly #settledBy = new Map<string, string | undefined>();

  constructor(database: DatabaseServer, log: LogOracle, shops: ReadonlyMap<string, Shop>) {
    this.#database = database;
    this.#log = log;
    this.#shops = shops;
  }

  rows(): LedgerRow[] {
    return this.#database.ask(
      `select channel, sku, external_id, ended_at is not null or closed_at is not null as ended, wanted_quantity, wanted_revision, wanted_sequence, acknowledged_quantity, acknowledged_sequence
         from channels.push_ledger`,
    ) as LedgerRow[];
  }

  /** After a commit of a process that changed the ledger; without one when all is at rest. */
  check(process?: string): void {
    for (const row of this.rows()) {
      this.#checkWanted(row);
      this.#checkSettled(row, process);
      this.#checkAcknowledged(row);
    }
  }

  /** A channel lists its orders for a process. */
  pulled(process: string, channel: string): void {
    this.#asked.add(`${process} ${channel}`);
  }

  /**
   * A process sends numbers. Within its life it never sends an older one after a newer one, and none that goes up unless it has
   * asked the channel before what that sold.
   */
  sent(process: string, channel: string, numbers: readonly PushedNumber[]): void {
    const hasAsked = this.#asked.delete(`${process} ${channel}`);
    for (const { externalId, quantity, revision } of numbers) {
      const where = () => `${quantity} of ${externalId} on ${channel} as of revision ${revision}`;
      const sku = this.#shops.get(channel)?.skus.get(externalId);
      const known =
        sku === undefined ||
        (quantity === 0 && this.#hasEnded(channel, externalId)) ||
        this.#log.numbers.get(sku)?.some((each) => each.revision === revision && each.available[channel] === quantity);
      must(known === true, 'a channel gets numbers that were right once', where);
      const key = `${process} ${channel} ${externalId}`;
      must(
        hasAsked || quantity <= (this.#offered.get(key) ?? quantity),
        'a channel is asked for its sales before a number goes up',
        where,
      );
      must((this.#sent.get(key) ?? -1) <= revision, 'an older number never follows a newer one', where);
      this.#sent.set(key, revision);
      this.#last.set(key, quantity);
      if (quantity > 0) this.#offered.set(key, quantity);
    }
  }

  #hasEnded(channel: string, externalId: string): boolean {
    const { catalog, everClosed } = this.#log.fold;
    return everClosed.has(channel) || catalog.ended.has(`${channel} ${externalId}`);
  }

  #checkWanted({
    channel,
    sku,
    external_id,
    ended,
    wanted_sequence,
    wanted_quantity,
    wanted_revision,
  }: LedgerRow): void {
    if (wanted_sequence < 0) return;
    if (ended) {
      must(
        wanted_quantity === 0,
        'an offer that ended gets 0',
        () => `${wanted_quantity} of ${external_id} on ${channel}`,
      );
      return;
    }
    const right = this.#log.numbers.get(sku)?.find(({ position }) => position === wanted_sequence);
    must(
      right?.available[channel] === wanted_quantity && right?.revision === wanted_revision,
      'the ledger wants the number of its place in the log',
      () =>
        `${wanted_quantity} of ${sku} on ${channel} as of ${wanted_revision}, position ${wanted_sequence}, instead of ${right?.available[channel]} as of ${right?.revision}`,
    );
  }

  /**
   * Numbers of other processes do not count: one that stood still may send an old one after its successor's, which
   * only the shop could refuse. Then a drift check finds it, and at the end every shop must show our number.
   */
  #checkSettled(row: LedgerRow, process: string | undefined): void {
    const { channel, sku, external_id, acknowledged_quantity, acknowledged_sequence, wanted_sequence } = row;
    const listing = `${channel} ${external_id}`;
    if (acknowledged_sequence < 0 || acknowledged_sequence < wanted_sequence) {
      this.#settledBy.set(listing, undefined);
      return;
    }
    // Settled before this world began.
    if (!this.#settledBy.has(listing)) return;
    const by = this.#settledBy.get(listing) ?? process;
    this.#settledBy.set(listing, by);
    const last = this.#last.get(`${by} ${listing}`);
    must(
      last === acknowledged_quantity,
      'a listing rests only at the last number it was sent',
      () => `${acknowledged_quantity} of ${sku} on ${channel} at ${acknowledged_sequence}, last sent by ${by}: ${last}`,
    );
  }

  #checkAcknowledged({
    channel,
    sku,
    external_id,
    ended,
    wanted_sequence,
    acknowledged_sequence,
    acknowledged_quantity,
  }: LedgerRow): void {
    if (acknowledged_sequence < 0) return;
    const where = () => `${acknowledged_quantity} of ${sku} on ${channel} at ${acknowledged_sequence}`;
    must(acknowledged_sequence <= wanted_sequence, 'nothing is acknowledged that was not wanted', where);
    must(
      this.#shops.get(channel)?.taken.has(`${external_id} ${acknowledged_quantity}`) === true ||
        // The shop has ended the offer itself.
        (ended && acknowledged_quantity === 0 && !this.#shops.get(channel)?.quantities.has(external_id)),
      'what is acknowledged was taken by the channel',
      where,
    );
  }
}
