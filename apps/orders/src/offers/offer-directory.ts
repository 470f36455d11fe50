import { LRUCache } from 'lru-cache';
import type { ChannelSale, SaleLine } from '#contracts';
import { FailureLog, type ReadModels } from '#read-models';

/** The SKU that a line is sold by; undefined where its offer leads to none. */
export type SkuOfLine = (line: SaleLine) => string | undefined;

/** What channels call our SKUs, as far as the catalogue has said. */
export class OfferDirectory {
  private readonly failures: FailureLog;
  /** Few SKUs make most sales. What was learned of one holds for a moment, so that a new listing is soon seen. */
  private readonly recent = new LRUCache<string, Known>({ max: 20_000, ttl: 10_000 });

  constructor(private readonly readModels: Pick<ReadModels, 'query' | 'log'>) {
    this.failures = new FailureLog(readModels.log, { work: 'offers' });
  }

  /**
   * Reads what the lines of these sales need, with one question for all. A channel that does not know our SKU may send the id
   * of its offer in the place of the SKU as well; a text that is one of our SKUs is never taken for an offer.
   */
  async skusOf(sales: readonly ChannelSale[]): Promise<(channel: string) => SkuOfLine> {
    const wanted = new Map<string, [channel: string, text: string]>();
    for (const { channel, lines } of sales)
      for (const line of lines) {
        const text = textOf(line);
        if (text && !this.recent.has(keyOf(channel, text))) wanted.set(keyOf(channel, text), [channel, text]);
      }
    const read = wanted.size === 0 ? undefined : await this.read([...wanted.values()]);
    return (channel) => (line) => {
      const text = textOf(line);
      if (!text) return undefined;
      const known = read?.get(keyOf(channel, text)) ?? this.recent.get(keyOf(channel, text));
      if (line.sku) return known?.isSku ? line.sku : (known?.listed ?? line.sku);
      return known?.listed;
    };
  }

  /** A sale is recorded even when nothing can be read: an offer is looked up again later. */
  private async read(wanted: readonly (readonly [channel: string, text: string])[]): Promise<Map<string, Known>> {
    const known = new Map<string, Known>();
    try {
      const rows = await this.readModels.query<{ channel: string; text: string; listed: string; isSku: boolean }>(
        `select w.channel, w.text, l.sku as listed, exists (select from orders.variant v where v.sku = w.text) as "isSku"
           from unnest($1::text[], $2::text[]) as w (channel, text)
           join orders.listing l on l.channel = w.channel and l.external_id = w.text`,
        [wanted.map(([channel]) => channel), wanted.map(([, text]) => text)],
      );
      for (const { channel, text, listed, isSku } of rows) known.set(keyOf(channel, text), { listed, isSku });
      for (const [channel, text] of wanted) {
        const key = keyOf(channel, text);
        this.recent.set(key, known.get(key) ?? NOT_LISTED);
      }
      this.failures.succeeded();
    } catch (error) {
      this.failures.failed(error, 'offers could not be looked up, sales are recorded as they came');
    }
    return known;
  }
}

interface Known {
  /** The SKU that is listed under the text. */
  readonly listed?: string;
  /** Whether the text is itself one of our SKUs. */
  readonly isSku: boolean;
}

const NOT_LISTED: Known = { isSku: false };

const textOf = ({ sku, externalId, unitPriceMinor }: SaleLine): string | undefined =>
  unitPriceMinor < 0 ? undefined : sku || externalId || undefined;

const keyOf = (channel: string, text: string): string => `${channel}\n${text}`;
