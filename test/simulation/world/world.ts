import { newId } from '#kernel';
import type { Backend } from '../database/backend.js';
import type { DatabaseServer } from '../database/server.js';
import type { Statement } from '../database/statement.js';
import type { Scheduler } from '../kit/scheduler.js';
import { IntakeOracle } from '../oracle/intake-oracle.js';
import { LedgerOracle } from '../oracle/ledger-oracle.js';
import { LogOracle } from '../oracle/log-oracle.js';
import { ViewOracle } from '../oracle/view-oracle.js';
import type { Shop } from '../shops/shop.js';
import { fetchFromShops } from '../shops/shop-server.js';
import { Installation } from './installation.js';
import { type Pace, STORM } from './pace.js';
import { Weather } from './weather.js';

/** What all seeds of a program run share. */
export interface Machinery {
  readonly scheduler: Scheduler;
  readonly backend: Backend;
  readonly database: DatabaseServer;
  /** Where `net.Socket` and `fetch` lead to now. */
  readonly outside: { socket: () => object; fetch: typeof fetch };
}

/** One simulated world: the database, the shops, the system, and what is known about them. */
export class World {
  readonly weather = new Weather(() => this.machinery.scheduler.random);
  readonly installation: Installation;
  readonly log: LogOracle;
  readonly views: ViewOracle;
  readonly ledger: LedgerOracle;
  readonly intake: IntakeOracle;
  pace: Pace = STORM;
  /** Told of every commit, after it was checked, and whether it was one to the log. */
  afterCommit: (toLog: boolean) => void = () => {};
  readonly #failed = Promise.withResolvers<never>();

  constructor(
    readonly machinery: Machinery,
    readonly seed: number,
    readonly shops: ReadonlyMap<string, Shop>,
  ) {
    const { scheduler, database, outside } = machinery;
    scheduler.reset(seed);
    beginPoolOfIds(scheduler);
    database.reset();
    database.weather = this.weather.disk;
    database.onCommit = (statements, client) => this.#committed(statements, client);
    this.#failed.promise.catch(() => {});
    this.installation = new Installation({
      scheduler,
      database,
      toDatabase: this.weather.database,
      fromAfar: this.weather.fromAfar,
      toCallers: this.weather.calls,
      channels: () => this.pace.channels,
      guard: (check) => this.guard(check),
    });
    this.log = new LogOracle(database);
    this.views = new ViewOracle(database, this.log);
    this.ledger = new LedgerOracle(database, this.log, shops);
    this.intake = new IntakeOracle(database, shops);
    outside.socket = () => this.installation.openSocket();
    outside.fetch = fetchFromShops({
      scheduler,
      shops: () => shops,
      weather: this.weather.shops,
      onPush: (channel, numbers) => this.guard(() => this.ledger.sent(scheduler.scope.name, channel, numbers)),
      onPull: (process, channel) => this.ledger.pulled(process, channel),
    });
  }

  /** Rejects as soon as an invariant is broken. */
  get failure(): Promise<never> {
    return this.#failed.promise;
  }

  /** Runs a check; what it throws ends the seed. */
  guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#failed.reject(error);
    }
  }

  #committed(statements: readonly Statement[], client: string): void {
    this.guard(() => {
      let ledger = false;
      for (const { sql, kind } of statements) {
        if (kind !== 'write') continue;
        if (isOfLog(sql)) this.log.committedBy(client);
        if (sql.includes('channels.push_ledger')) ledger = true;
      }
      this.views.committed(statements);
      if (ledger) this.ledger.check(client);
    });
    this.afterCommit(statements.some(({ sql }) => isOfLog(sql)));
  }
}

const isOfLog = (sql: string): boolean => sql.includes('insert into event_store.batches');

/** Ids are made from random bytes by the page: a new page, so that a seed is the same whatever ran before it. */
function beginPoolOfIds(scheduler: Scheduler): void {
  for (const before = scheduler.pagesOfChance; scheduler.pagesOfChance === before; ) newId();
}
