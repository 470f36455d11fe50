import { type Clock, toIso } from '#kernel';
import { type ReadModels, storableText } from '#read-models';
import { isClosed } from './push/push-ledger.js';

/** What we do with a channel; each may fail by itself. */
export type Errand = 'read its orders' | 'push numbers' | 'use its connector';

/** An errand that fails, and since when. */
export interface Unreachable {
  readonly channel: string;
  readonly errand: Errand;
  readonly since: string;
  readonly error: string;
}

/**
 * Which channels cannot be reached, in `channels.unreachable`: a row from the first failure to the next success. Only changes are
 * written, however often an errand is tried.
 */
export class ChannelReach {
  /** Of errands that were run by this process. */
  readonly #states = new Map<string, 'well' | 'failing'>();
  readonly #changes = new Map<string, Change>();
  #writing: Promise<void> | undefined;

  constructor(
    private readonly readModels: ReadModels,
    private readonly clock: Clock,
  ) {}

  failed(channel: string, errand: Errand, reason: string): void {
    if (!this.#becomes(channel, errand, 'failing')) return;
    const since = toIso(this.clock.now());
    this.#note({ channel, errand, since, error: storableText(reason, 500) });
  }

  succeeded(channel: string, errand: Errand): void {
    if (this.#becomes(channel, errand, 'well')) this.#note({ channel, errand, since: null, error: null });
  }

  /** Of one channel, or of all; a closed one that shows nothing any more need not be reached. */
  unreachable(channel?: string): Promise<Unreachable[]> {
    return this.readModels.query<Unreachable>(
      `select channel, errand, since, error from channels.unreachable u where ($1::text is null or channel = $1) and not ${isClosed('u.channel')} order by since`,
      [channel ?? null],
    );
  }

  #becomes(channel: string, errand: Errand, state: 'well' | 'failing'): boolean {
    const key = `${channel} ${errand}`;
    const changes = this.#states.get(key) !== state;
    this.#states.set(key, state);
    return changes;
  }

  /** What comes while a statement is on its way goes with the next. */
  #note(change: Change): void {
    this.#changes.set(`${change.channel} ${change.errand}`, change);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    while (this.#changes.size > 0) {
      const changes = [...this.#changes.values()];
      this.#changes.clear();
      try {
        await this.readModels.query(WRITE, [
          changes.map(({ channel }) => channel),
          changes.map(({ errand }) => errand),
          changes.map(({ since }) => since),
          changes.map(({ error }) => error),
        ]);
      } catch (error) {
        // They are written when they happen again.
        for (const { channel, errand } of changes) this.#states.delete(`${channel} ${errand}`);
        this.readModels.log.warn({ err: error }, 'which channels can be reached could not be stored');
      }
    }
    this.#writing = undefined;
  }
}

/** Since when it fails and why; null where it works. */
interface Change {
  readonly channel: string;
  readonly errand: Errand;
  readonly since: string | null;
  readonly error: string | null;
}

const WRITE = `
  with change as (
    select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) as c (channel, errand, since, error)),
  over as (
    delete from channels.unreachable u using change c
     where u.channel = c.channel and u.errand = c.errand and c.since is null)
  insert into channels.unreachable select * from change where since is not null
  on conflict (channel, errand) do update set error = excluded.error`;
