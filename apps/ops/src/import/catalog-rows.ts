import { isCurrency, normalText, parseMinor } from '#kernel';
import { UsageError } from '../usage-error.js';

/** A row as `POST /v1/catalog/import` takes it. */
export interface CatalogRow {
  readonly productId: string;
  readonly productTitle: string;
  readonly sku: string;
  readonly title: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly prices?: readonly { readonly channel: string; readonly currency: string; readonly amountMinor: number }[];
  readonly listings?: readonly { readonly channel: string; readonly externalId: string }[];
}

/**
 * Reads the rows of a catalogue CSV by its header: `product_id, product_title, sku, title`, and as many as wanted of
 * `attribute:<name>`, `price:<channel>:<currency>` and `listing:<channel>`. An empty cell means: none.
 * Throws {@link UsageError} for a header that cannot be used.
 */
export function catalogReader(header: readonly string[]): (fields: readonly string[]) => CatalogRow | string {
  const columns = header.map((name) => columnOf(normalText(name)));
  for (const name of REQUIRED)
    if (!header.some((column) => normalText(column) === name))
      throw new UsageError(`The header lacks the column ${name}.`);
  if (new Set(header).size < header.length) throw new UsageError('The header names a column twice.');
  return (fields) => {
    if (fields.length !== header.length) return `it has ${fields.length} columns instead of ${header.length}`;
    const draft: Draft = { texts: {}, attributes: {}, prices: [], listings: [] };
    for (const [index, column] of columns.entries()) {
      const problem = column(draft, normalText(fields[index] ?? ''));
      if (problem !== undefined) return problem;
    }
    return rowOf(draft);
  };
}

interface Draft {
  readonly texts: Record<string, string>;
  readonly attributes: Record<string, string>;
  readonly prices: NonNullable<CatalogRow['prices']>[number][];
  readonly listings: NonNullable<CatalogRow['listings']>[number][];
}

/** Puts a cell into the draft, or says what is wrong with it. */
type Column = (draft: Draft, cell: string) => string | undefined;

const REQUIRED = ['product_id', 'product_title', 'sku', 'title'];

function columnOf(name: string): Column {
  if (REQUIRED.includes(name)) return textColumn(name);
  const [kind, key = '', currency = ''] = name.split(':');
  if (kind === 'attribute' && key !== '') return attributeColumn(key);
  if (kind === 'price' && key !== '' && isCurrency(currency)) return priceColumn(key, currency);
  if (kind === 'listing' && key !== '') return listingColumn(key);
  throw new UsageError(
    `The header has a column "${name}". Columns are ${REQUIRED.join(', ')}, attribute:<name>, price:<channel>:<currency>, listing:<channel>.`,
  );
}

const textColumn =
  (name: string): Column =>
  (draft, cell) => {
    draft.texts[name] = cell;
    return cell === '' ? `${name} is empty` : undefined;
  };

const attributeColumn =
  (name: string): Column =>
  (draft, cell) => {
    if (cell !== '') draft.attributes[name] = cell;
    return undefined;
  };

const priceColumn =
  (channel: string, currency: string): Column =>
  (draft, cell) => {
    if (cell === '') return undefined;
    const amountMinor = parseMinor(cell, currency);
    if (amountMinor === undefined || amountMinor < 0)
      return `price "${cell}" is not an amount of ${currency} from 0 on`;
    draft.prices.push({ channel, currency, amountMinor });
    return undefined;
  };

const listingColumn =
  (channel: string): Column =>
  (draft, cell) => {
    if (cell !== '') draft.listings.push({ channel, externalId: cell });
    return undefined;
  };

const rowOf = ({ texts, attributes, prices, listings }: Draft): CatalogRow => ({
  productId: texts.product_id ?? '',
  productTitle: texts.product_title ?? '',
  sku: texts.sku ?? '',
  title: texts.title ?? '',
  ...(Object.keys(attributes).length > 0 && { attributes }),
  ...(prices.length > 0 && { prices }),
  ...(listings.length > 0 && { listings }),
});
