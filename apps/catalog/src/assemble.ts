import type { Core } from '#platform';
import type { Projection } from '#read-models';
import { ChangeCatalogHandler } from './change-catalog.js';
import { catalogProjection } from './views/catalog/catalog.projection.js';
import { CatalogQuery } from './views/catalog/catalog.query.js';

/** The views of the service, for commands that rebuild or verify them. */
export const catalogProjections: readonly Projection[] = [catalogProjection];

export type Catalog = ReturnType<typeof assembleCatalog>;

/** Puts the service together. Nothing goes on in it by itself but its view. */
export function assembleCatalog({ readModels, runners, commands }: Core) {
  // Views
  for (const projection of catalogProjections) runners.addProjection(projection);

  return {
    changeCatalog: new ChangeCatalogHandler(commands),
    catalogQuery: new CatalogQuery(readModels),
  };
}
