import type { ReadModels } from '#read-models';
import { addReadings, type Reading } from '../observability/readings.js';
import type { Metrics } from '../operations/metrics.js';

/**
 * A kind of case that waits for a person. It is a question to tables that exist anyway, so a case opens and closes by itself:
 * it is there while a row says so.
 */
export interface ExceptionSource {
  /** What is the matter, in kebab-case, such as `parked-event`. Stable, part of the API. */
  readonly kind: string;
  /** What a person does about a case of this kind, in a sentence or two. */
  readonly whatToDo: string;
  /**
   * A SELECT of the open cases with the columns `subject` (text: what it is about, unique within the kind and without personal
   * data), `since` (timestamptz) and `detail` (text: a sentence with the numbers). Names of tables are qualified.
   */
  readonly openCases: string;
}

/** A case that waits for a person. */
export interface OpenException {
  readonly kind: string;
  readonly subject: string;
  /** ISO 8601 in UTC. */
  readonly since: string;
  readonly detail: string;
  readonly whatToDo: string;
}

/** Where a page ended: the oldest cases come first. */
export type ExceptionsCursor = readonly [since: string, kind: string, subject: string];

/** Every kind of exception of this program. Services add theirs while they are assembled. */
export class Exceptions {
  readonly #sources = new Map<string, ExceptionSource>();

  constructor(
    private readonly readModels: ReadModels,
    metrics: Metrics,
  ) {
    addReadings(
      metrics,
      OPEN,
      ['kind'],
      ({ kind }) => ({ kind }),
      () => this.counts(),
    );
  }

  /** Adds a kind; a second one of that name is an error. */
  add(source: ExceptionSource): void {
    if (this.#sources.has(source.kind)) throw new Error(`There is a kind of exception called ${source.kind} already.`);
    this.#sources.set(source.kind, source);
  }

  get kinds(): readonly ExceptionSource[] {
    return [...this.#sources.values()];
  }

  /** Up to `limit` open cases after the cursor, of one kind or of all, oldest first. */
  async list(
    kind: string | undefined,
    after: ExceptionsCursor | undefined,
    limit: number,
  ): Promise<readonly OpenException[]> {
    const sources = this.kinds.filter((source) => kind === undefined || source.kind === kind);
    const pages = await Promise.all(sources.map((source) => this.#page(source, after, limit)));
    return pages
      .flat()
      .sort((a, b) => compare(keyOf(a), keyOf(b)))
      .slice(0, limit);
  }

  /** How many cases of each kind are open, counted up to 10,000. A kind that cannot be counted now is left out. */
  async counts(): Promise<readonly KindCount[]> {
    const counted = await Promise.allSettled(this.kinds.map((source) => this.#count(source)));
    return counted.flatMap((count) => (count.status === 'fulfilled' ? [count.value] : []));
  }

  async #count({ kind, openCases }: ExceptionSource): Promise<KindCount> {
    const [row] = await this.readModels.query<{ open: number }>(
      `select count(*) as open from (select from (${openCases}) as cases limit ${COUNT_MAX}) as bounded`,
    );
    return { kind, open: row?.open ?? 0 };
  }

  async #page(
    { kind, whatToDo, openCases }: ExceptionSource,
    after: ExceptionsCursor | undefined,
    limit: number,
  ): Promise<OpenException[]> {
    const rows = await this.readModels.query<Pick<OpenException, 'subject' | 'since' | 'detail'>>(
      `select subject, ${SINCE} as since, detail from (${openCases}) as cases
        where $1::text is null or (${SINCE}, $2::text collate "C", subject collate "C") > ($1::timestamptz, $3::text, $4::text)
        order by 2, subject collate "C" limit $5`,
      [after?.[0] ?? null, kind, after?.[1] ?? '', after?.[2] ?? '', limit],
    );
    return rows.map((row) => ({ kind, ...row, whatToDo }));
  }
}

export interface KindCount {
  readonly kind: string;
  readonly open: number;
}

const COUNT_MAX = 10_000;

const OPEN: readonly Reading<KindCount>[] = [
  {
    name: 'einklang_exceptions_open',
    help: 'Cases that wait for a person, counted up to 10,000 a kind; GET /v1/exceptions lists them',
    value: ({ open }) => open,
  },
];

/** Times leave us in milliseconds, and a page goes on after what it was given. */
const SINCE = `date_trunc('milliseconds', since)`;

export const keyOf = ({ since, kind, subject }: OpenException): ExceptionsCursor => [since, kind, subject];

/** By code points, as collation "C" does. */
function compare(one: ExceptionsCursor, other: ExceptionsCursor): number {
  for (const [index, part] of one.entries()) {
    const order = Buffer.compare(Buffer.from(part), Buffer.from(other[index] ?? ''));
    if (order !== 0) return order;
  }
  return 0;
}
