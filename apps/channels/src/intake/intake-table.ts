import type { ChannelSale } from '#contracts';
import type { ReadModels } from '#read-models';

/** A sale as it is kept: the buyer is hashed. */
export type StoredSale = Omit<ChannelSale, 'customer'>;

export interface NewSale {
  readonly messageId: string;
  /** Which sale of the message, from 0. */
  readonly place: number;
  readonly sale: StoredSale;
  /** ISO 8601 in UTC. */
  readonly receivedAt: string;
}

export interface WaitingSale {
  readonly id: number;
  readonly sale: StoredSale;
  readonly receivedAt: string;
  readonly attempts: number;
}

export interface ParkedSale {
  readonly id: number;
  readonly messageId: string;
  readonly externalOrderId: string;
  readonly externalRevision: number;
  readonly receivedAt: string;
  readonly attempts: number;
  readonly error: string;
}

/** A sale that could not be recorded: waits for its next attempt, or is parked when `nextAttemptAt` is absent. */
export interface FailedSale {
  readonly id: number;
  readonly error: string;
  readonly nextAttemptAt?: string;
}

/** The SQL of `channels.intake`. */
export class IntakeTable {
  constructor(private readonly readModels: ReadModels) {}

  /** Stores the sales with one statement and answers the ids of the messages that were not there yet. */
  async insert(sales: readonly NewSale[]): Promise<ReadonlySet<string>> {
    const rows = await this.readModels.query<{ channel: string; messageId: string }>(
      `insert into channels.intake (channel, message_id, place, external_order_id, external_revision, sale, received_at)
       select * from ${SALES} on conflict do nothing returning channel, message_id as "messageId"`,
      columnsOf(sales),
    );
    return new Set(rows.map(({ channel, messageId }) => keyOf(channel, messageId)));
  }

  /** As {@link insert}, without the revisions of orders that came by another message, and with the channel's watermark. */
  async insertPulled(channel: string, sales: readonly NewSale[], watermark: string, polledAt: string): Promise<number> {
    const [row] = await this.readModels.query<{ stored: number }>(
      `with stored as (
         insert into channels.intake (channel, message_id, place, external_order_id, external_revision, sale, received_at)
         select * from ${SALES} as pulled (channel, message_id, place, external_order_id, external_revision, sale, received_at)
          where not exists (
            select from channels.intake i
             where i.channel = pulled.channel and i.external_order_id = pulled.external_order_id
               and i.external_revision >= pulled.external_revision)
         on conflict do nothing returning id),
       moved as (
         insert into channels.watermark values ($8, $9, $10)
         on conflict (channel) do update set after = excluded.after, polled_at = excluded.polled_at)
       select count(*) as stored from stored`,
      [...columnsOf(sales), channel, watermark, polledAt],
    );
    return row?.stored ?? 0;
  }

  async watermark(channel: string): Promise<string | undefined> {
    const [row] = await this.readModels.query<{ after: string }>(
      'select after from channels.watermark where channel = $1',
      [channel],
    );
    return row?.after;
  }

  /** The oldest sales that wait and are due, in the order they came. */
  waiting(limit: number, now: string): Promise<WaitingSale[]> {
    return this.readModels.query<WaitingSale>(
      `select id, sale, received_at as "receivedAt", attempts from channels.intake
        where state = 'waiting' and next_attempt_at <= $2 order by id limit $1`,
      [limit, now],
    );
  }

  /** Notes what became of a batch with one statement. */
  async settle(done: readonly number[], failed: readonly FailedSale[]): Promise<void> {
    await this.readModels.execute(
      `update channels.intake i
          set state = r.state, sale = case when r.state = 'done' then null else i.sale end, error = r.error,
              attempts = i.attempts + 1, next_attempt_at = coalesce(r.next_attempt_at, i.next_attempt_at)
         from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[]) as r (id, state, error, next_attempt_at)
        where i.id = r.id`,
      [
        [...done, ...failed.map(({ id }) => id)],
        [...done.map(() => 'done'), ...failed.map(({ nextAttemptAt }) => (nextAttemptAt ? 'waiting' : 'parked'))],
        [...done.map(() => null), ...failed.map(({ error }) => error)],
        [...done.map(() => null), ...failed.map(({ nextAttemptAt }) => nextAttemptAt ?? null)],
      ],
    );
  }

  /** How many wait, counted up to `max`. */
  async countWaiting(max: number): Promise<number> {
    const [row] = await this.readModels.query<{ waiting: number }>(
      `select count(*) as waiting from (select from channels.intake where state = 'waiting' limit $1) as bounded`,
      [max],
    );
    return row?.waiting ?? 0;
  }

  parked(channel: string, after: number, limit: number): Promise<ParkedSale[]> {
    return this.readModels.query<ParkedSale>(
      `select id, message_id as "messageId", external_order_id as "externalOrderId", external_revision as "externalRevision",
              received_at as "receivedAt", attempts, error
         from channels.intake where state = 'parked' and channel = $1 and id > $2 order by id limit $3`,
      [channel, after, limit],
    );
  }

  /** Lets a parked sale wait again; false when there is none of that id. */
  async unpark(channel: string, id: number): Promise<boolean> {
    const rows = await this.readModels.execute(
      `update channels.intake set state = 'waiting', attempts = 0, next_attempt_at = '-infinity'
        where channel = $1 and id = $2 and state = 'parked'`,
      [channel, id],
    );
    return rows > 0;
  }

  /** Forgets the oldest messages that are done and older than `before`, at most 5,000 at once. */
  async forgetDone(before: string): Promise<number> {
    return this.readModels.execute(
      `delete from channels.intake where received_at < $1 and id in (
         select id from channels.intake where state = 'done' order by id limit 5000)`,
      [before],
    );
  }
}

/** Names a message of a channel within one set. */
export const keyOf = (channel: string, messageId: string): string => `${channel} ${messageId}`;

const SALES =
  'unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::integer[], $6::jsonb[], $7::timestamptz[])';

const columnsOf = (sales: readonly NewSale[]): unknown[] => [
  sales.map(({ sale }) => sale.channel),
  sales.map(({ messageId }) => messageId),
  sales.map(({ place }) => place),
  sales.map(({ sale }) => sale.externalOrderId),
  sales.map(({ sale }) => sale.revision),
  sales.map(({ sale }) => JSON.stringify(sale)),
  sales.map(({ receivedAt }) => receivedAt),
];
