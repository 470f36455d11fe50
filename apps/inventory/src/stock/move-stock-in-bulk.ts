import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import {
  bulkResults,
  InvalidRequest,
  isoInstant,
  locationIdSchema,
  MAX_BULK_BODY_BYTES,
  occurred,
  quantity,
  reasonText,
  resultsOf,
  rowsOf,
  signedQuantity,
  skuSchema,
  textLine,
} from '#platform';
import { type InventoryParts, inventory } from '../inventory.slices.js';
import type { MoveStock } from './movements.decide.js';
import { stockDecider } from './stock.decider.js';
import { type StockChanged, stockChanged, stockChangedBy } from './stock.responses.js';

const common = {
  commandId: textLine(256).meta({
    description:
      'Number of the document, or id of the line. What one request says of a SKU under one id is taken as a whole or not at all; the same again changes nothing, other content is refused',
  }),
  sku: skuSchema,
  locationId: locationIdSchema,
  occurredAt: isoInstant.optional(),
};
const movement = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('receipt'), units: quantity }),
  z.strictObject({
    ...common,
    kind: z.literal('adjustment'),
    units: signedQuantity,
    reason: reasonText,
  }),
  z.strictObject({
    ...common,
    kind: z.literal('return'),
    units: quantity,
    condition: z.enum(['available', 'damaged', 'inspection']).default('available'),
  }),
]);
type Movement = z.output<typeof movement>;

export const moveStockInBulk = inventory.command({
  name: 'MoveStockInBulk',
  summary:
    'Up to 1,000 receipts, adjustments and returns; each document is decided by itself, those of one SKU in their order',
  body: z.strictObject({ movements: rowsOf(movement, 1_000) }),
  bodyLimitBytes: MAX_BULK_BODY_BYTES,
  answer: bulkResults(stockChanged),
  execute: ({ movements }, parts, metadata) => {
    const sound = movements.flatMap((row) => (row instanceof InvalidRequest ? [] : [row]));
    const documents = new Map<string, Promise<StockChanged>>();
    for (const [document, lines] of Map.groupBy(sound, documentOf))
      documents.set(document, move(lines, parts, metadata));
    return resultsOf(movements, (line) => documents.get(documentOf(line)) as Promise<StockChanged>);
  },
});

async function move(
  lines: readonly Movement[],
  { commands, supply, documents }: InventoryParts,
  metadata: EventMetadata,
): Promise<StockChanged> {
  const [first] = lines as [Movement];
  for (const { locationId } of lines) supply.requireLocation(locationId);
  const { commandId, sku } = first;
  const command = { type: 'MoveStock', movements: lines.map(movementOf) } as const;
  const outcome = await commands.execute({
    on: stockDecider,
    id: sku,
    command,
    metadata: { ...occurred(first, metadata), commandId },
  });
  if (outcome.repeated) await documents.requireSame(sku, commandId, command);
  return stockChangedBy(sku, outcome);
}

/** Lines of one document about one SKU. Neither part holds a line break. */
const documentOf = ({ commandId, sku }: Movement): string => `${commandId}\n${sku}`;

function movementOf(line: Movement): MoveStock['movements'][number] {
  const { locationId, units } = line;
  switch (line.kind) {
    case 'receipt':
      return { type: 'ReceiveStock', locationId, units };
    case 'adjustment':
      return { type: 'AdjustStock', locationId, onHand: units, unavailable: 0, reason: line.reason };
    case 'return':
      return { type: 'ReturnStock', returnId: line.commandId, locationId, units, condition: line.condition };
    default:
      return line satisfies never;
  }
}
