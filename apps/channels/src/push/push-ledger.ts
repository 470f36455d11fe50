import type { AvailabilityChange } from '#contracts';
import { MAX_QUANTITY, toIso } from '#kernel';
import { type ReadModels, storableText } from '#read-models';
import { MicroBatch } from '../micro-batch.js';
import type { Sending, WantedListing } from './due-listings.js';

export interface ChannelListing {
  readonly channel: string;
  readonly sku: string;
  readonly externalId: string;
  /** Position of the event in the log: a later one wins. */
  readonly position: number;
  /** ISO 8601 in UTC: lag of the first number, or of the last 0, is measured from here. */
  readonly at: string;
}

export type WantedOnChannel = WantedListing & { readonly channel: string };

export interface AcknowledgedPush {
  readonly channel: string;
  readonly sent: Sending;
  readonly atMs: number;
  readonly nextSinceMs?: number;
}

export interface FailedPush {
  readonly channel: string;
  readonly sent: Sending;
  readonly error: string;
  readonly nextAttemptMs: number;
  /** True where the channel refused this listing and took others. */
  readonly refused: boolean;
}

/** A row of the ledger, for people. */
export interface PushRow {
  readonly sku: string;
  readonly externalId: string;
  readonly state: PushState;
  readonly wantedQuantity: number | null;
  readonly wantedRevision: number | null;
  readonly wantedSince: string | null;
  readonly acknowledgedQuantity: number | null;
  readonly acknowledgedRevision: number | null;
  readonly acknowledgedAt: string | null;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly nextAttemptAt: string | null;
  /** Why the channel gets no number for this listing. */
  readonly noNumberBecause: string | null;
}

/**
 * acknowledged: the channel has the newest number. waiting: not yet. failing: not yet, and the last attempt failed. ending: the
 * offer ended or its channel is closed, and the channel has not acknowledged 0. no-number: there is nothing to tell the channel.
 */
export const PUSH_STATES = ['acknowledged', 'waiting', 'failing', 'ending', 'no-number'] as const;
export type PushState = (typeof PUSH_STATES)[number];

/** How many listings a channel gets a number for. */
export interface ChannelNumbers {
  readonly channel: string;
  readonly told: number;
  readonly untold: number;
  /** Of the untold: those whose SKU has stock somewhere, only not for this channel. */
  readonly unsupplied: number;
}

/** A channel that was closed, or opened again. */
export interface ChannelClosing {
  readonly channel: string;
  readonly closed: boolean;
  /** Of the event, in the stream of the channel: a later one wins. */
  readonly revision: number;
  readonly position: number;
  /** ISO 8601 in UTC. */
  readonly at: string;
}

/** A channel whose offers are all wanted 0. */
export interface ClosedChannel {
  readonly channel: string;
  /** Of its stream, when it was closed. */
  readonly revision: number;
  /** True once the channel has acknowledged 0 for every offer. */
  readonly shown: boolean;
}

/** What the channel acknowledged of a listing. */
export interface ListedRow {
  readonly sku: string;
  readonly externalId: string;
  readonly quantity: number | null;
  /** Of the acknowledged number. */
  readonly sequence: number;
  readonly acknowledgedAt: string | null;
  /** True when there is nothing newer to tell the channel. */
  readonly settled: boolean;
}

/**
 * What every channel should show and what it has acknowledged, in `channels.push_ledger`.
 *
 * One process at a time works on it. Its statements run one after the other, so that two of them never wait for each
 * other's rows, and a caller sees an answer before the next statement has one.
 */
export class PushLedger {
  #last: Promise<unknown> = Promise.resolve();
  readonly #acknowledgements: MicroBatch<readonly AcknowledgedPush[], void>;

  constructor(private readonly readModels: ReadModels) {
    this.#acknowledgements = new MicroBatch({
      name: 'The push ledger',
      flush: async (batches) => {
        await this.#inTurn(() => this.#acknowledge(batches.flat()));
        return batches.map((): void => undefined);
      },
      maxWaiting: 1_000,
      maxPerFlush: 40,
    });
  }

  /** Numbers that the ledger did not take, to be tried again. */
  async keptBack(): Promise<AvailabilityChange[]> {
    const rows = await this.readModels.query<{ change: AvailabilityChange }>('select change from channels.kept_back');
    return rows.map(({ change }) => change);
  }

  async keepBack(change: AvailabilityChange): Promise<void> {
    await this.readModels.execute(
      'insert into channels.kept_back values ($1, $2) on conflict (sku) do update set change = excluded.change',
      [change.sku, JSON.stringify(change)],
    );
  }

  /** They are taken by now. */
  async forgetKeptBack(skus: readonly string[]): Promise<void> {
    await this.readModels.execute('delete from channels.kept_back where sku = any($1)', [skus]);
  }

  /** How far the availability feed was taken over, and those that follow it were given what is wanted by it. */
  sequence(): Promise<number> {
    return this.#inTurn(async () => {
      const [row] = await this.readModels.query<{ sequence: number }>(
        `select sequence from channels.feed where name = 'availability'`,
      );
      return row?.sequence ?? 0;
    });
  }

  /**
   * Takes over a part of the feed and its sequence with one statement; answers the listings that must be pushed now.
   *
   * A number equal to the acknowledged one needs no push, but only where nothing else was wanted before: otherwise a
   * push of that other number may have reached the channel. Rows are durable before anything is sent, for the same
   * reason. Throws {@link FeedMoved}.
   */
  want(changes: readonly AvailabilityChange[], from: number, to: number): Promise<WantedOnChannel[]> {
    const newest = newestPerSku(changes);
    return this.#inTurn(async () => {
      const rows = await this.#byKey<WantedRow & { moved: number }>(want(), [
        newest.map(({ sku }) => sku),
        newest.map(({ stockRevision }) => stockRevision),
        newest.map(({ sequence }) => sequence),
        newest.map(({ available }) => JSON.stringify(available)),
        newest.map(({ receivedAt }) => receivedAt),
        newest.map(({ traceparent }) => traceparent ?? null),
        from,
        to,
      ]);
      if (rows[0]?.moved !== 1) throw new FeedMoved(`The feed is no longer at ${from}.`);
      return rows.filter(({ sku }) => sku !== null).map(wantedOf);
    });
  }

  /** Listings that were made: each gets the newest number of its SKU. At most one per channel and external id. */
  list(listings: readonly ChannelListing[]): Promise<WantedOnChannel[]> {
    return this.#inTurn(async () => {
      const rows = await this.#byKey<WantedRow>(LIST, listingColumns(listings));
      return rows.filter(({ sequence }) => sequence >= 0).map(wantedOf);
    });
  }

  /** Listings that ended, as of the position of that event: each gets 0 and stays until the channel has acknowledged that. */
  end(listings: readonly ChannelListing[]): Promise<WantedOnChannel[]> {
    return this.#inTurn(async () => (await this.#byKey<WantedRow>(end(), listingColumns(listings))).map(wantedOf));
  }

  /**
   * Channels that were closed or opened again, at most one of each. The offers of a closed one get 0, and no other number until it is open;
   * then they are offers of their own, so that the answer to that 0 is not taken for one to their number.
   */
  close(channels: readonly ChannelClosing[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#byKey(close(), [
        channels.map(({ channel }) => channel),
        channels.map(({ closed }) => closed),
        channels.map(({ revision }) => revision),
        channels.map(({ position }) => position),
        channels.map(({ at }) => at),
      ]);
    });
  }

  /** The closed channels. */
  closed(): Promise<ClosedChannel[]> {
    return this.readModels.query<ClosedChannel>(
      `select channel, revision, ${isClosed('s.channel')} as shown from channels.closing s where closed`,
    );
  }

  /** Whether a channel was closed before that, and has acknowledged 0 for every offer. */
  async isClosedSince(channel: string, beforeMs: number): Promise<boolean> {
    const [row] = await this.readModels.query<{ since: string }>(
      `select since from channels.closing s where channel = $1 and ${isClosed('s.channel')}`,
      [channel],
    );
    return row !== undefined && Date.parse(row.since) < beforeMs;
  }

  /**
   * Listings of a channel whose newest number is not acknowledged: decreases first, then the oldest, and last those that
   * failed and wait for their next attempt.
   */
  due(channel: string, limit: number): Promise<WantedListing[]> {
    return this.#inTurn(async () => {
      const rows = await this.readModels.query<WantedRow>(
        `select ${WANTED_COLUMNS} from channels.push_ledger l
          where channel = $1 and wanted_sequence > acknowledged_sequence
          order by coalesce(next_attempt_at > now(), false), (acknowledged_quantity is null or wanted_quantity > acknowledged_quantity), wanted_since limit $2`,
        [channel, limit],
      );
      return rows.map(wantedOf);
    });
  }

  /** Stores what a channel took. Calls of several channels share a statement. */
  acknowledge(pushes: readonly AcknowledgedPush[]): Promise<void> {
    return this.#acknowledgements.add(pushes);
  }

  async fail(pushes: readonly FailedPush[]): Promise<void> {
    if (pushes.length === 0) return;
    await this.#inTurn(() =>
      this.#byKey(FAIL, [
        pushes.map(({ channel }) => channel),
        pushes.map(({ sent }) => sent.externalId),
        pushes.map(({ sent }) => sent.listedAt),
        pushes.map(({ error }) => storableText(error, 500)),
        pushes.map(({ nextAttemptMs }) => toIso(nextAttemptMs)),
        pushes.map(({ refused }) => refused),
      ]),
    );
  }

  /** The listings among these ids, whatever their state. */
  listed(channel: string, externalIds: readonly string[]): Promise<ListedRow[]> {
    return this.readModels.query<ListedRow>(
      `select sku, external_id as "externalId", acknowledged_quantity as quantity, acknowledged_sequence as sequence,
              acknowledged_at as "acknowledgedAt", wanted_sequence >= 0 and wanted_sequence = acknowledged_sequence as settled
         from channels.push_ledger where channel = $1 and external_id = any($2::text[]) and ended_at is null`,
      [channel, externalIds],
    );
  }

  /** Listings of a channel, whatever their state. */
  async countListings(channel: string): Promise<number> {
    const [row] = await this.readModels.query<{ listings: number }>(
      'select count(*) as listings from channels.push_ledger where channel = $1 and ended_at is null',
      [channel],
    );
    return row?.listings ?? 0;
  }

  /** Wants the newest number pushed again where a channel shows another one; answers what is to be pushed. */
  wantAgain(
    channel: string,
    shown: readonly { externalId: string; sequence: number; shown: number }[],
    sinceMs: number,
  ): Promise<WantedOnChannel[]> {
    return this.#inTurn(async () => {
      const rows = await this.#byKey<WantedRow>(
        `update channels.push_ledger l
            set acknowledged_quantity = least(d.shown, ${MAX_QUANTITY}), acknowledged_sequence = -1, wanted_since = $5, wanted_traceparent = null, attempts = 0, next_attempt_at = null
           from unnest($2::text[], $3::bigint[], $4::bigint[]) as d (external_id, sequence, shown)
          where l.channel = $1 and l.external_id = d.external_id and l.ended_at is null and l.wanted_sequence = d.sequence and l.acknowledged_sequence = d.sequence
         returning ${WANTED_COLUMNS}`,
        [
          channel,
          shown.map(({ externalId }) => externalId),
          shown.map(({ sequence }) => sequence),
          shown.map((row) => row.shown),
          toIso(sinceMs),
        ],
      );
      return rows.map(wantedOf);
    });
  }

  /** Rows for people, by SKU and external id; all states when none is named. */
  rows(
    channel: string,
    state: PushState | undefined,
    after: readonly [sku: string, externalId: string],
    limit: number,
  ): Promise<PushRow[]> {
    return this.readModels.query<PushRow>(
      `select * from (
         select l.sku, external_id as "externalId", ${STATE} as state, wanted_quantity as "wantedQuantity",
                wanted_revision as "wantedRevision", wanted_since as "wantedSince",
                acknowledged_quantity as "acknowledgedQuantity", acknowledged_revision as "acknowledgedRevision",
                acknowledged_at as "acknowledgedAt", attempts, last_error as "lastError", next_attempt_at as "nextAttemptAt",
                case when wanted_sequence >= 0 then null when a.sku is null then '${NEVER_COUNTED}' else '${NOT_SUPPLIED}' end
                  as "noNumberBecause"
           from channels.push_ledger l left join channels.availability a on a.sku = l.sku
          where channel = $1 and (l.sku, external_id) > ($3, $4)) r
        where $2::text is null or state = $2 order by sku, "externalId" limit $5`,
      [channel, state ?? null, ...after, limit],
    );
  }

  /** How many listings get a number, by channel: of one where it is named. A channel without listings is not there. */
  numbers(channel?: string): Promise<ChannelNumbers[]> {
    return this.readModels.query<ChannelNumbers>(
      `select channel, count(*) filter (where wanted_sequence >= 0) as told, count(*) filter (where wanted_sequence < 0) as untold,
              count(*) filter (where wanted_sequence < 0 and a.sku is not null) as unsupplied
         from channels.push_ledger l left join channels.availability a on wanted_sequence < 0 and a.sku = l.sku
        where $1::text is null or channel = $1 group by channel`,
      [channel ?? null],
    );
  }

  async #acknowledge(all: readonly AcknowledgedPush[]): Promise<void> {
    const pushes = newestPerListing(all);
    await this.#byKey(ACKNOWLEDGE, [
      pushes.map(({ channel }) => channel),
      pushes.map(({ sent }) => sent.externalId),
      pushes.map(({ sent }) => sent.listedAt),
      pushes.map(({ sent }) => sent.quantity),
      pushes.map(({ sent }) => sent.revision),
      pushes.map(({ sent }) => sent.sequence),
      pushes.map(({ atMs }) => toIso(atMs)),
      pushes.map(({ nextSinceMs }) => (nextSinceMs === undefined ? null : toIso(nextSinceMs))),
    ]);
  }

  /** Runs a statement that joins a few hundred keys with the ledger. */
  #byKey<Row extends object>(sql: string, params: readonly unknown[]): Promise<Row[]> {
    return this.readModels.transaction((tx) => tx.query<Row>(sql, params), { byKey: true });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** Another process took over the feed meanwhile. */
export class FeedMoved extends Error {
  override readonly name = 'FeedMoved';
}

interface WantedRow {
  readonly channel: string;
  readonly sku: string;
  readonly externalId: string;
  readonly listedAt: number;
  readonly ending: boolean;
  readonly quantity: number;
  readonly revision: number;
  readonly sequence: number;
  readonly since: string | null;
  readonly acknowledgedQuantity: number | null;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly traceparent: string | null;
}

const wantedOf = ({ since, nextAttemptAt, traceparent, ...row }: WantedRow): WantedOnChannel => ({
  channel: row.channel,
  sku: row.sku,
  externalId: row.externalId,
  listedAt: row.listedAt,
  ending: row.ending,
  quantity: row.quantity,
  revision: row.revision,
  sequence: row.sequence,
  acknowledgedQuantity: row.acknowledgedQuantity,
  attempts: row.attempts,
  sinceMs: since === null ? 0 : Date.parse(since),
  notBeforeMs: nextAttemptAt === null ? 0 : Date.parse(nextAttemptAt),
  ...(traceparent !== null && { traceparent }),
});

const newestPerSku = (changes: readonly AvailabilityChange[]): AvailabilityChange[] => {
  const newest = new Map<string, AvailabilityChange>();
  for (const change of changes) {
    const known = newest.get(change.sku);
    if (!known || change.sequence > known.sequence) newest.set(change.sku, change);
  }
  return [...newest.values()];
};

const newestPerListing = (pushes: readonly AcknowledgedPush[]): AcknowledgedPush[] => {
  const newest = new Map<string, AcknowledgedPush>();
  for (const push of pushes) {
    const key = `${push.channel} ${push.sent.listedAt} ${push.sent.externalId}`;
    const known = newest.get(key);
    if (!known || push.sent.sequence > known.sent.sequence) newest.set(key, push);
  }
  return [...newest.values()];
};

const listingColumns = (listings: readonly ChannelListing[]): unknown[] => [
  listings.map(({ channel }) => channel),
  listings.map(({ sku }) => sku),
  listings.map(({ externalId }) => externalId),
  listings.map(({ position }) => position),
  listings.map(({ at }) => at),
];

/** Condition that a channel is closed and shows nothing any more. */
export const isClosed = (channel: string): string => `(
  exists (select from channels.closing as closing where closing.channel = ${channel} and closing.closed) and not exists (
    select from channels.push_ledger as open where open.channel = ${channel} and open.wanted_sequence > open.acknowledged_sequence))`;

export const NEVER_COUNTED = 'Nothing of this SKU was ever received or counted.';
export const NOT_SUPPLIED = 'No location supplies this channel.';

/** Which offer a row is: greater when the id is offered again, and when the channel is opened again. */
const OFFER = '(l.listed_at_position + l.reopened_at_position)';

const WANTED_COLUMNS = `l.channel, l.sku, l.external_id as "externalId", ${OFFER} as "listedAt",
  l.ended_at is not null or l.closed_at is not null as ending,
  l.wanted_quantity as quantity, l.wanted_revision as revision, l.wanted_sequence as sequence, l.wanted_since as since,
  l.acknowledged_quantity as "acknowledgedQuantity", l.attempts, l.next_attempt_at as "nextAttemptAt",
  l.wanted_traceparent as traceparent`;

const STATE = `case when ended_at is not null or (closed_at is not null and wanted_sequence > acknowledged_sequence) then 'ending'
  when wanted_sequence < 0 then 'no-number'
  when wanted_sequence = acknowledged_sequence then 'acknowledged' when attempts > 0 then 'failing' else 'waiting' end`;

/** What a channel that is no longer supplied gets, and the most that any gets: one listing's number spoils no other. */
const numberOf = (available: string, channel: string): string =>
  `least(greatest(coalesce((${available} ->> ${channel})::numeric, 0), 0), ${MAX_QUANTITY})::bigint`;
const isCapped = (available: string, channel: string): string =>
  `coalesce((${available} ->> ${channel})::numeric >= ${MAX_QUANTITY}, false)`;

/** Nothing is wanted but what is acknowledged: no other number is on its way. */
export function nothingElseWanted(): string {
  return 'l.acknowledged_sequence = l.wanted_sequence';
}

/** The new number needs no push. */
const isShown = (): string =>
  `(${nothingElseWanted()} and l.acknowledged_quantity = ${numberOf('c.available', 'l.channel')})`;

const want = (): string => `
  with moved as (
    update channels.feed set sequence = $8 where name = 'availability' and sequence = $7 returning 1),
  change as (
    select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::jsonb[], $5::timestamptz[], $6::text[])
                  as c (sku, revision, sequence, available, received_at, traceparent)
     where exists (select from moved)),
  kept as (
    insert into channels.availability as a (sku, stock_revision, sequence, available)
    select sku, revision, sequence, available from change
    on conflict (sku) do update
       set stock_revision = excluded.stock_revision, sequence = excluded.sequence, available = excluded.available
     where excluded.sequence > a.sequence),
  wanted as (
    update channels.push_ledger l
       set wanted_quantity = ${numberOf('c.available', 'l.channel')}, capped = ${isCapped('c.available', 'l.channel')},
           wanted_revision = c.revision, wanted_sequence = c.sequence,
           acknowledged_revision = case when ${isShown()} then c.revision else l.acknowledged_revision end,
           acknowledged_sequence = case when ${isShown()} then c.sequence else l.acknowledged_sequence end,
           wanted_since = case when ${isShown()} then null else coalesce(l.wanted_since, c.received_at) end,
           wanted_traceparent = c.traceparent
      from change c
     where l.sku = c.sku and c.sequence > l.wanted_sequence and l.ended_at is null and l.closed_at is null
       and (c.available ? l.channel or l.wanted_sequence >= 0)
    returning l.*)
  select (select count(*) from moved) as moved, ${WANTED_COLUMNS}
    from (values (1)) as one left join wanted l on l.wanted_sequence > l.acknowledged_sequence`;

const LIST = `
  insert into channels.push_ledger as l
    (channel, sku, external_id, listed_at_position, listed_at, closed_at, capped, wanted_quantity, wanted_revision, wanted_sequence, wanted_since)
  select c.channel, c.sku, c.external_id, c.position, c.at, s.since, s.since is null and ${isCapped('a.available', 'c.channel')},
         case when s.since is not null then 0 when a.available ? c.channel then ${numberOf('a.available', 'c.channel')} end,
         case when s.since is not null then coalesce(a.stock_revision, 0) when a.available ? c.channel then a.stock_revision end,
         case when s.since is not null then 0 when a.available ? c.channel then a.sequence else -1 end,
         case when s.since is not null or a.available ? c.channel then c.at end
    from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[]) as c (channel, sku, external_id, position, at)
    left join channels.availability a on a.sku = c.sku
    left join channels.closing s on s.channel = c.channel and s.closed
  on conflict (channel, external_id) do update
    set sku = excluded.sku, listed_at_position = excluded.listed_at_position, listed_at = excluded.listed_at, ended_at = null,
        closed_at = excluded.closed_at, capped = excluded.capped, wanted_quantity = excluded.wanted_quantity,
        wanted_revision = excluded.wanted_revision, wanted_sequence = excluded.wanted_sequence,
        wanted_since = excluded.wanted_since, wanted_traceparent = null,
        acknowledged_quantity = null, acknowledged_revision = null, acknowledged_sequence = -1, acknowledged_at = null,
        attempts = 0, last_error = null, next_attempt_at = null, refused_at = null
    where excluded.listed_at_position > l.listed_at_position
  returning ${WANTED_COLUMNS}`;

/** What an offer gets when it is over. */
export function lastNumber(): string {
  return '0';
}

/** What makes it the last number: it is newer than any that is wanted or acknowledged. */
const endsWithIt =
  (): string => `wanted_quantity = ${lastNumber()}, wanted_revision = coalesce(l.wanted_revision, 0), capped = false,
  wanted_sequence = greatest(l.wanted_sequence, l.acknowledged_sequence, 0) + 1, wanted_traceparent = null,
  attempts = 0, last_error = null, next_attempt_at = null, refused_at = null`;

/** An offer of a closed channel that has acknowledged its 0 is over. */
const end = (): string => `
  with ended as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[])
                  as c (channel, sku, external_id, position, at)),
  over as (
    delete from channels.push_ledger l using ended c
     where l.channel = c.channel and l.external_id = c.external_id and l.sku = c.sku and l.listed_at_position < c.position
       and l.ended_at is null and l.closed_at is not null and l.wanted_sequence = l.acknowledged_sequence)
  update channels.push_ledger l set ended_at = c.at, wanted_since = c.at, ${endsWithIt()}
    from ended c
   where l.channel = c.channel and l.external_id = c.external_id and l.sku = c.sku and l.listed_at_position < c.position
     and l.ended_at is null and (l.closed_at is null or l.wanted_sequence > l.acknowledged_sequence)
  returning ${WANTED_COLUMNS}`;

const close = (): string => `
  with change as (
    insert into channels.closing as s (channel, closed, revision, since)
    select channel, closed, revision, at
      from unnest($1::text[], $2::boolean[], $3::bigint[], $5::timestamptz[]) as c (channel, closed, revision, at)
    on conflict (channel) do update set closed = excluded.closed, revision = excluded.revision, since = excluded.since
     where excluded.revision > s.revision
    returning channel, closed, since),
  ended as (
    update channels.push_ledger l set closed_at = c.since, wanted_since = c.since, ${endsWithIt()}
      from change c where c.closed and l.channel = c.channel and l.ended_at is null and l.closed_at is null)
  update channels.push_ledger l
     set closed_at = null, reopened_at_position = c.position, capped = ${isCapped('c.available', 'l.channel')},
         wanted_quantity = case when c.available ? l.channel then ${numberOf('c.available', 'l.channel')} end,
         wanted_revision = case when c.available ? l.channel then c.stock_revision end,
         wanted_sequence = case when c.available ? l.channel then c.sequence else -1 end,
         wanted_since = case when c.available ? l.channel then c.since end, wanted_traceparent = null,
         acknowledged_sequence = -1, attempts = 0, last_error = null, next_attempt_at = null, refused_at = null
    from (select o.channel, o.external_id, p.position, s.since, a.*
            from change s
            join unnest($1::text[], $4::bigint[]) as p (channel, position) on p.channel = s.channel
            join channels.push_ledger o on o.channel = s.channel
            left join channels.availability a on a.sku = o.sku
           where not s.closed and o.ended_at is null) c
   where l.channel = c.channel and l.external_id = c.external_id`;

/** What was wanted while the number was on its way stays wanted. An offer that ended is over with its 0. */
const ACKNOWLEDGE = `
  with answered as (
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::timestamptz[])
                  as r (channel, external_id, listed_at, quantity, revision, sequence, at, next_since)),
  over as (
    delete from channels.push_ledger l using answered r
     where l.channel = r.channel and l.external_id = r.external_id and ${OFFER} = r.listed_at
       and l.ended_at is not null and l.wanted_sequence = r.sequence)
  update channels.push_ledger l
     set acknowledged_quantity = r.quantity, acknowledged_revision = r.revision, acknowledged_sequence = r.sequence,
         acknowledged_at = r.at, attempts = 0, last_error = null, next_attempt_at = null, refused_at = null,
         wanted_since = case when l.wanted_sequence > r.sequence then coalesce(r.next_since, l.wanted_since) end
    from answered r
   where l.channel = r.channel and l.external_id = r.external_id and ${OFFER} = r.listed_at
     and l.acknowledged_sequence < r.sequence and not (l.ended_at is not null and l.wanted_sequence = r.sequence)`;

const FAIL = `
  update channels.push_ledger l
     set attempts = l.attempts + 1, last_error = r.error, next_attempt_at = r.next_attempt_at,
         refused_at = case when r.refused then coalesce(l.refused_at, now()) else l.refused_at end
    from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::boolean[])
         as r (channel, external_id, listed_at, error, next_attempt_at, refused)
   where l.channel = r.channel and l.external_id = r.external_id and ${OFFER} = r.listed_at`;
