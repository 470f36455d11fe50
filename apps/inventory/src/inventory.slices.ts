import { ServiceSlices, type SliceParts } from '#platform';
import type { ReadModels } from '#read-models';
import type { KnownDocuments } from './stock/known-documents.js';
import type { ChangeSupply } from './supply/change-supply.js';
import type { LocationContents } from './supply/location-contents.js';
import type { SupplyDirectory } from './supply/supply-directory.js';
import type { StockQuery } from './views/stock/stock.query.js';

export interface InventoryParts extends SliceParts {
  readonly readModels: Pick<ReadModels, 'query'>;
  readonly supply: SupplyDirectory;
  readonly changeSupply: ChangeSupply;
  readonly locationContents: LocationContents;
  readonly documents: KnownDocuments;
  readonly stockQuery: StockQuery;
}

export const inventory = new ServiceSlices<InventoryParts>('inventory');
