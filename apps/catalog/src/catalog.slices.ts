import { ServiceSlices, type SliceParts } from '#platform';
import type { ChangeCatalog } from './change-catalog.js';
import type { CatalogQuery } from './views/catalog/catalog.query.js';

export interface CatalogParts extends SliceParts {
  readonly changes: ChangeCatalog;
  readonly catalogQuery: CatalogQuery;
}

export const catalog = new ServiceSlices<CatalogParts>('catalog');
