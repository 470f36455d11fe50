import type { Core } from '#platform';
import type { Projection } from '#read-models';
import { catalog } from './catalog.slices.js';
import { ChangeCatalog } from './change-catalog.js';
import { externalIdDecider } from './external-id/external-id.decider.js';
import { productDecider } from './product/product.decider.js';
import { variantDecider } from './variant/variant.decider.js';
import { catalogProjection } from './views/catalog/catalog.projection.js';
import { CatalogQuery } from './views/catalog/catalog.query.js';

/** The views of the service, for commands that rebuild or verify them. */
export const catalogProjections: readonly Projection[] = [catalogProjection];

export type Catalog = ReturnType<typeof assembleCatalog>;

/** Puts the service together. Nothing goes on in it by itself but its view. */
export function assembleCatalog({ readModels, runners, commands, slices }: Core) {
  // Views
  for (const projection of catalogProjections) runners.addProjection(projection);

  // Slices
  commands.expects([productDecider, variantDecider, externalIdDecider]);
  const changes = new ChangeCatalog(commands);
  catalog.serve(slices, { commands, changes, catalogQuery: new CatalogQuery(readModels) });

  return { changes };
}
