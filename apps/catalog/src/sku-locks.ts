import { type ReadModels, type Tx } from '#read-models';

/** What the holder of a lock may ask for besides. */
export interface HeldLock {
  /** Holds the lock of another SKU as well, unless somebody is at work on it: then the answer is false. */
  alsoHold(sku: string): Promise<boolean>;
}

/** One change of a SKU at a time, over all processes of the catalogue; a process that dies holds none. */
export class SkuLocks {
  constructor(private readonly readModels: Pick<ReadModels, 'transaction'>) {}

  /** Waits until nobody else holds the lock. */
  hold<Result>(sku: string, work: (lock: HeldLock) => Promise<Result>): Promise<Result> {
    return this.readModels.transaction(async (tx) => {
      await tx.query(`select pg_advisory_xact_lock(${KEY})`, [sku]);
      return work({ alsoHold: (other) => tryLock(tx, other) });
    });
  }
}

const KEY = "hashtextextended('einklang.catalog.sku.' || $1, 0)";

async function tryLock(tx: Tx, sku: string): Promise<boolean> {
  const [row] = await tx.query<{ locked: boolean }>(`select pg_try_advisory_xact_lock(${KEY}) as locked`, [sku]);
  return row?.locked ?? false;
}
