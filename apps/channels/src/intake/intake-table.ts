import type { ChannelSale } from '#contracts';
import type { ReadModels } from '#read-models';
import type { RawMessage } from '../connectors/connector.js';

/** A sale as it is kept: the buyer is hashed. */
export type StoredSale = Omit<ChannelSale, 'customer'>;

interface NewRow {
  readonly channel: string;
  readonly messageId: string;
  /** ISO 8601 in UTC. */
  readonly receivedAt: string;
}

export interface NewSale extends NewRow {
  readonly kind: 'sale';
  /** Which sale of the message, from 0. */
  readonly place: number;
  readonly sale: StoredSale;
  /** Of what the sale says, whatever message brought it: tells a repeat from other words under the same id. */
  readonly content: string;
}

/** A message that is not understood. It is parked from the start. */
export interface NewUnreadable extends NewRow {
  readonly kind: 'unreadable';
  readonly via: RawMessage['via'];
  /** The whole message, sealed. */
  readonly sealed: Buffer;
  readonly content: string;
  readonly externalOrderId: string | undefined;
  readonly reason: string;
}

export type IntakeRow = NewSale | NewUnreadable;

export interface WaitingSale {
  readonly id: number;
  readonly sale: StoredSale;
  readonly receivedAt: string;
  readonly attempts: number;
}

export interface ParkedSale {
  readonly id: number;
  readonly messageId: string;
  /** What could not be done: record a sale, or understand a message. */
  readonly kind: 'unrecorded' | 'unreadable';
  readonly externalOrderId: string | null;
  readonly externalRevision: number | null;
  readonly receivedAt: string;
  readonly attempts: number;
  readonly error: string;
}

/** A parked message as it was kept. */
export interface SealedMessage {
  readonly id: number;
  readonly messageId: string;
  readonly via: RawMessage['via'];
  readonly sealed: Buffer;
  readonly receivedAt: string;
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

  /** Stores the rows with one statement and answers the ids of the messages that were not there yet. */
  async insert(rows: readonly IntakeRow[]): Promise<ReadonlySet<string>> {
    const stored = await this.readModels.query<{ channel: string; messageId: string }>(
      `insert into channels.intake (${COLUMNS}) select * from ${ROWS} as given
       on conflict do nothing returning channel, message_id as "messageId"`,
      columnsOf(rows),
    );
    return new Set(stored.map(({ channel, messageId }) => keyOf(channel, messageId)));
  }

  /** As {@link insert}, without the states of orders that came by another message, and with the channel's watermark where one is given. */
  async insertPulled(
    channel: string,
    rows: readonly IntakeRow[],
    watermark: string | undefined,
    polledAt: string,
  ): Promise<number> {
    const [row] = await this.readModels.query<{ stored: number }>(
      `with stored as (
         insert into channels.intake (${COLUMNS})
         select * from ${ROWS} as pulled (${COLUMNS})
          where not exists (
            select from channels.intake i
             where i.channel = pulled.channel and i.external_order_id = pulled.external_order_id and ${isAsKnown()})
         on conflict do nothing returning id),
       moved as (
         insert into channels.watermark select $12, $13, $14::timestamptz where $13::text is not null
         on conflict (channel) do update set after = excluded.after, polled_at = excluded.polled_at)
       select count(*) as stored from stored`,
      [...columnsOf(rows), channel, watermark ?? null, polledAt],
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

  /** Notes what became of a batch with one statement. A sale that is recorded takes the place of parked ones of its order that are older, by revision or in it. */
  async settle(done: readonly number[], failed: readonly FailedSale[]): Promise<void> {
    await this.readModels.execute(
      `with settled as (
         update channels.intake i
          set state = r.state, sale = case when r.state = 'done' then null else i.sale end, error = r.error,
              attempts = i.attempts + 1, next_attempt_at = coalesce(r.next_attempt_at, i.next_attempt_at)
         from unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[]) as r (id, state, error, next_attempt_at)
        where i.id = r.id returning i.id, i.channel, i.external_order_id, i.external_revision, i.state)
       update channels.intake older set state = 'done', sale = null from settled s
        where s.state = 'done' and older.state = 'parked' and older.sale is not null and older.channel = s.channel
          and older.external_order_id = s.external_order_id
          and (older.external_revision, older.id) < (s.external_revision, s.id)`,
      [
        [...done, ...failed.map(({ id }) => id)],
        [...done.map(() => 'done'), ...failed.map(({ nextAttemptAt }) => (nextAttemptAt ? 'waiting' : 'parked'))],
        [...done.map(() => null), ...failed.map(({ error }) => error)],
        [...done.map(() => null), ...failed.map(({ nextAttemptAt }) => nextAttemptAt ?? null)],
      ],
    );
  }

  /** Id of the last sale of a channel that waits; 0 where none does. */
  async lastWaiting(channel: string): Promise<number> {
    const [row] = await this.readModels.query<{ id: number | null }>(
      `select max(id) as id from channels.intake where state = 'waiting' and channel = $1`,
      [channel],
    );
    return row?.id ?? 0;
  }

  /** Whether a sale of a channel waits, of those up to an id. */
  async waits(channel: string, upTo: number): Promise<boolean> {
    const rows = await this.readModels.query(
      `select id from channels.intake where state = 'waiting' and channel = $1 and id <= $2 limit 1`,
      [channel, upTo],
    );
    return rows.length > 0;
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
      `select id, message_id as "messageId", case when via is null then 'unrecorded' else 'unreadable' end as kind, external_order_id as "externalOrderId", external_revision as "externalRevision",
              received_at as "receivedAt", attempts, error
         from channels.intake where state = 'parked' and channel = $1 and id > $2 order by id limit $3`,
      [channel, after, limit],
    );
  }

  /** A parked message that is kept whole. */
  async sealed(channel: string, id: number): Promise<SealedMessage | undefined> {
    const [row] = await this.readModels.query<SealedMessage>(
      `select ${SEALED} from channels.intake where channel = $1 and id = $2 and state = 'parked' and sealed is not null`,
      [channel, id],
    );
    return row;
  }

  /** The messages of all channels that are kept whole, the oldest first. */
  allSealed(after: number, limit: number): Promise<(SealedMessage & { readonly channel: string })[]> {
    return this.readModels.query(
      `select channel, ${SEALED} from channels.intake
        where state = 'parked' and sealed is not null and id > $1 order by id limit $2`,
      [after, limit],
    );
  }

  /** A message is understood now: its sales take its place. False when another process was faster. */
  replaceSealed(id: number, sales: readonly NewSale[]): Promise<boolean> {
    return this.readModels.transaction(async (tx) => {
      const parked = await tx.execute(
        `delete from channels.intake where id = $1 and state = 'parked' and sealed is not null`,
        [id],
      );
      if (parked === 0) return false;
      await tx.execute(
        `insert into channels.intake (${COLUMNS}) select * from ${ROWS} as given on conflict do nothing`,
        columnsOf(sales),
      );
      return true;
    });
  }

  /** Notes why a message is still not understood. */
  async stillSealed(id: number, error: string): Promise<void> {
    await this.readModels.execute(
      `update channels.intake set attempts = attempts + 1, error = $2 where id = $1 and state = 'parked'`,
      [id, error],
    );
  }

  /** Lets a parked sale wait again; false when there is none of that id. */
  async unpark(channel: string, id: number): Promise<boolean> {
    const rows = await this.readModels.execute(
      `update channels.intake set state = 'waiting', attempts = 0, next_attempt_at = '-infinity'
        where channel = $1 and id = $2 and state = 'parked' and sale is not null`,
      [channel, id],
    );
    return rows > 0;
  }

  /** A person has seen to what is parked: it loses its content and keeps its keys, like what is done. False when nothing of that id is parked. */
  async dismiss(channel: string, id: number): Promise<boolean> {
    const rows = await this.readModels.execute(
      `update channels.intake set state = 'done', sale = null, sealed = null
        where channel = $1 and id = $2 and state = 'parked'`,
      [channel, id],
    );
    return rows > 0;
  }

  /** Takes their content from messages that were never understood and came before `before`. Answers how many. */
  async eraseSealed(before: string): Promise<number> {
    return this.readModels.execute(
      `update channels.intake set sealed = null, error = 'Kept whole until its time was over. ' || error
        where state = 'parked' and sealed is not null and received_at < $1`,
      [before],
    );
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

const COLUMNS =
  'channel, message_id, place, external_order_id, external_revision, sale, received_at, content, sealed, via, error, state';

const ROWS = `(
  select *, case when r.via is null then 'waiting' else 'parked' end
    from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::jsonb[], $7::timestamptz[],
                $8::text[], $9::bytea[], $10::text[], $11::text[])
         as r (channel, message_id, place, external_order_id, external_revision, sale, received_at, content, sealed, via, error))`;

/** What a pull says of an order is known, or older than what is known (`i`). */
export function isAsKnown(): string {
  return `(i.external_revision > pulled.external_revision
    or i.external_revision = pulled.external_revision and i.content in ('', pulled.content))`;
}

const SEALED = 'id, message_id as "messageId", via, sealed, received_at as "receivedAt"';

const columnsOf = (rows: readonly IntakeRow[]): unknown[] => {
  const sales = rows.map((row) => (row.kind === 'sale' ? row : undefined));
  const unreadable = rows.map((row) => (row.kind === 'unreadable' ? row : undefined));
  return [
    rows.map(({ channel }) => channel),
    rows.map(({ messageId }) => messageId),
    sales.map((row) => row?.place ?? 0),
    rows.map((row) => (row.kind === 'sale' ? row.sale.externalOrderId : (row.externalOrderId ?? null))),
    sales.map((row) => row?.sale.revision ?? null),
    sales.map((row) => (row ? JSON.stringify(row.sale) : null)),
    rows.map(({ receivedAt }) => receivedAt),
    rows.map(({ content }) => content),
    unreadable.map((row) => row?.sealed ?? null),
    unreadable.map((row) => row?.via ?? null),
    unreadable.map((row) => row?.reason ?? null),
  ];
};
