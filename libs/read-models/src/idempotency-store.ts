import { newId } from '#kernel';
import { lockOf } from './leases.js';
import type { ReadModels } from './read-models.js';

/** An answer as it left. */
interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type BeginResult =
  | { readonly state: 'begun' }
  | { readonly state: 'running' }
  | { readonly state: 'answered'; readonly answer: StoredAnswer }
  | { readonly state: 'reused' };

/**
 * Remembers the answer to a request by its `Idempotency-Key`: the `IdempotencyStore` port of the platform on PostgreSQL,
 * shared by all processes. A repeat may take over a request whose process has died, which PostgreSQL tells by the lease
 * that process held, or that did not finish within 60 s. Keys are kept for 24 h.
 */
export class PostgresIdempotencyStore {
  /** Name of the lease that stands for this process. */
  readonly #owner = `idempotency.${newId()}`;
  #sweptAtMs = Date.now();

  constructor(private readonly readModels: ReadModels) {}

  /** `begun` obliges the caller to call `complete` or `forget`. */
  async begin(key: string, fingerprint: string): Promise<BeginResult> {
    await this.readModels.leases.tryAcquire(this.#owner);
    const [row] = await this.readModels.query<BeginRow>(BEGIN, [key, fingerprint, this.#owner]);
    if (row?.started) return { state: 'begun' };
    // No row although we could not insert one: another transaction inserted it after this statement began.
    if (!row || row.fingerprint === null) return { state: 'running' };
    if (row.fingerprint !== fingerprint) return { state: 'reused' };
    if (row.status === null) return { state: 'running' };
    return { state: 'answered', answer: { status: row.status, headers: row.headers ?? {}, body: row.body ?? '' } };
  }

  async complete(key: string, { status, headers, body }: StoredAnswer): Promise<void> {
    await this.readModels.execute(
      'update read_models.idempotency_keys set status = $2, headers = $3::jsonb, body = $4, completed_at = now() where key = $1 and completed_at is null',
      [key, status, JSON.stringify(headers), body],
    );
    this.#sweepWhenDue();
  }

  /** The request had no effect and may be sent again. */
  async forget(key: string): Promise<void> {
    await this.readModels.execute('delete from read_models.idempotency_keys where key = $1 and completed_at is null', [
      key,
    ]);
  }

  /** Deletes keys older than 24 h and answers how many. Also happens by itself about every ten minutes of use. */
  sweep(): Promise<number> {
    return this.readModels.execute(
      `delete from read_models.idempotency_keys where created_at < now() - interval '24 hours'`,
    );
  }

  #sweepWhenDue(): void {
    if (Date.now() - this.#sweptAtMs < SWEEP_MS) return;
    this.#sweptAtMs = Date.now();
    this.sweep().catch((error: unknown) =>
      this.readModels.log.warn({ err: error }, 'sweeping idempotency keys failed'),
    );
  }
}

interface BeginRow {
  readonly started: boolean;
  readonly fingerprint: string | null;
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly body: string | null;
}

const SWEEP_MS = 600_000;

const BEGIN = `
  with attempt as (
    insert into read_models.idempotency_keys as k (key, fingerprint, owner) values ($1, $2, $3)
    on conflict (key) do update set created_at = now(), owner = excluded.owner
      where k.completed_at is null and k.fingerprint = excluded.fingerprint
        and (k.created_at < now() - interval '60 seconds' or pg_try_advisory_xact_lock(${lockOf('k.owner')}))
    returning key
  )
  select exists (select from attempt) as started, k.fingerprint, k.status, k.headers, k.body
    from (select) as once left join read_models.idempotency_keys k on k.key = $1`;
