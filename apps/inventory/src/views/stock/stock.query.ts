import type { StockEvent } from '#contracts';
import { type EventStore, type RecordedEvent } from '#event-sourcing';
import { Rejected } from '#kernel';
import { type ReadModels } from '#read-models';
import { addToFigures, emptyFigures, free, type Level, type StockFigures } from '../../stock/stock-levels.js';
import { SupplyDirectory } from '../../supply/supply-directory.js';
import { type StockRow, stockTable } from './stock.projection.js';

export interface StockAnswer {
  readonly sku: string;
  readonly stockRevision: number;
  readonly levels: readonly (Level & {
    readonly locationId: string;
    readonly locationName?: string;
    readonly free: number;
  })[];
  readonly rules: StockFigures['rules'];
}

/** One event and what it did to the numbers of one location. */
export interface Contribution {
  readonly revision: number;
  readonly position: number;
  readonly type: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly commandId: string;
  readonly changes: readonly {
    readonly locationId: string;
    readonly quantity: keyof Level;
    readonly by: number;
    readonly to: number;
  }[];
}

/** Answers about stock: now from the view, of another moment and "why" from the events themselves. */
export class StockQuery {
  constructor(
    private readonly readModels: ReadModels,
    private readonly store: EventStore,
    private readonly supply: SupplyDirectory,
  ) {}

  /** Throws `Rejected('unknown-sku')`. */
  async stock(sku: string): Promise<StockAnswer & { readonly available: Record<string, number> }> {
    const [row] = await this.readModels.query<StockRow>(
      `select ${stockTable.select()} from view_stock.stock where sku = $1`,
      [sku],
    );
    if (!row) throw unknownSku(sku);
    return { ...this.answerOf(sku, row.revision, row.figures), available: row.available };
  }

  /** Numbers of many SKUs at once; a SKU without stock is left out. */
  availability(skus: readonly string[]): Promise<Pick<StockRow, 'sku' | 'revision' | 'available'>[]> {
    return this.readModels.query(
      'select sku, revision, available from view_stock.stock where sku = any($1) order by sku',
      [skus],
    );
  }

  /**
   * Why a channel is shown no number; undefined for one that is. Throws `Rejected('unknown-channel')` for a channel that has
   * neither a supply map nor a rule, and that no stock was ever asked for.
   */
  async whyNoNumber(channel: string): Promise<string | undefined> {
    if (this.supply.shows(channel)) return undefined;
    const [row] = await this.readModels.query<{ in_use: boolean }>(
      `select supply -> 'inUse' ? $1 as in_use from view_stock.supply`,
      [channel],
    );
    if (row?.in_use)
      return `${channel} has no supply map. Say which locations supply it: PUT /v1/supply-maps/${channel}.`;
    throw new Rejected(
      'not-found',
      'unknown-channel',
      `No channel ${channel} has a supply map, a rule, a sale or a reservation. Check the spelling, or give it a supply map.`,
    );
  }

  /** The stock as it was recorded at a moment (UTC, as `isoInstant` gives it): every event stored by then, none after. */
  async stockAsOf(sku: string, moment: string): Promise<StockAnswer> {
    const figures = emptyFigures();
    let revision = -1;
    for await (const event of this.events(sku)) {
      if (Date.parse(event.recordedAt) > Date.parse(moment)) break;
      addToFigures(figures, event);
      revision = event.revision;
    }
    if (revision < 0) throw unknownSku(sku);
    return this.answerOf(sku, revision, figures);
  }

  /** The events that add up to the numbers of one SKU, oldest first, `limit` of them from a revision on. */
  async explain(sku: string, fromRevision: number, limit: number): Promise<readonly Contribution[]> {
    const figures = emptyFigures();
    const contributions: Contribution[] = [];
    let revision = -1;
    for await (const event of this.events(sku)) {
      revision = event.revision;
      if (revision >= fromRevision + limit) break;
      if (revision < fromRevision) addToFigures(figures, event);
      else contributions.push(contributionOf(event, figures));
    }
    if (revision < 0) throw unknownSku(sku);
    return contributions;
  }

  private answerOf(sku: string, stockRevision: number, { levels, rules }: StockFigures): StockAnswer {
    const named = Object.entries(levels).map(([locationId, level]) => {
      const name = this.supply.locationOf(locationId)?.name;
      return { locationId, ...(name !== undefined && { locationName: name }), ...level, free: free(level) };
    });
    return { sku, stockRevision, levels: named, rules };
  }

  /** A stream may be long: it is never held as a whole. */
  private async *events(sku: string): AsyncIterable<RecordedEvent<StockEvent>> {
    for (let from = 0; ; from += EVENTS_PER_READ) {
      const events = await this.store.readStream(`stock-${sku}`, { from, limit: EVENTS_PER_READ });
      yield* events as readonly RecordedEvent<StockEvent>[];
      if (events.length < EVENTS_PER_READ) return;
    }
  }
}

const EVENTS_PER_READ = 1_000;

function contributionOf(event: RecordedEvent<StockEvent>, figures: StockFigures): Contribution {
  const before = structuredClone(figures.levels);
  addToFigures(figures, event);
  const changes = Object.entries(figures.levels).flatMap(([locationId, level]) =>
    (Object.keys(level) as (keyof Level)[]).flatMap((quantity) => {
      const to = level[quantity] ?? 0;
      const by = to - (before[locationId]?.[quantity] ?? 0);
      return by === 0 ? [] : [{ locationId, quantity, by, to }];
    }),
  );
  const { revision, position, type, recordedAt, metadata } = event;
  return {
    revision,
    position,
    type,
    occurredAt: metadata.occurredAt,
    recordedAt,
    commandId: metadata.commandId,
    changes,
  };
}

const unknownSku = (sku: string): Rejected =>
  new Rejected('not-found', 'unknown-sku', `No stock was ever recorded for ${sku}, or not yet at that moment.`);
