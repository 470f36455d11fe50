import type { EventMetadata } from '#event-sourcing';
import { toIso } from '#kernel';
import type { StockCommand } from '../../../apps/inventory/src/stock/stock.decide.js';
import type { Api } from '../../e2e/support/api.js';

/** So many callers share so many SKUs. */
export const CALLERS = 512;
const SKUS = 16;
const OPENING_UNITS = 100_000;

export const skuOf = (caller: number): string => `FAULT-${caller % SKUS}`;
export const PROBE_SKU = 'FAULT-0';

/**
 * The command that a caller sends as its nth: it takes a unit and gives it back, in turn, and every tenth brings a unit
 * in, which only the id keeps from counting twice.
 */
export function commandOf(caller: number, n: number): StockCommand {
  if (n % 10 === 0) return { type: 'ReceiveStock', locationId: 'main', units: 1 };
  if (n % 2 === 1) return reserve(`${caller}-${n}`);
  return { type: 'ReleaseReservation', reservationId: `${caller}-${n - 1}` };
}

export const reserve = (reservationId: string): StockCommand => ({
  type: 'ReserveStock',
  reservationId,
  units: 1,
  ttlSeconds: 86_400,
  policy: { channel: 'shop', supply: ['main'], buffer: 0, sharePercent: 100 },
});

export const commandIdOf = (caller: number, n: number): string => `caller/${caller}/${n}`;
export const probeIdOf = (probe: string): string => `probe/${probe}`;

/** Caller and number of a command id; undefined for another kind of id. */
export function callerOf(commandId: string): { caller: number; command: number } | undefined {
  const [kind, caller, command] = commandId.split('/');
  return kind === 'caller' ? { caller: Number(caller), command: Number(command) } : undefined;
}

export function probeOf(commandId: string): string | undefined {
  const [kind, probe] = commandId.split('/');
  return kind === 'probe' ? probe : undefined;
}

/** A repeat is the same command in everything. */
export function metadataOf(commandId: string): EventMetadata {
  const now = toIso(Date.now());
  return { commandId, correlationId: commandId, actor: 'faults', occurredAt: now, receivedAt: now };
}

/** Opens the location and the channel, and receives stock of every SKU. */
export async function openStock(api: Api): Promise<void> {
  await api.put('/v1/locations/main', { name: 'Warehouse' });
  await api.put('/v1/supply-maps/shop', { locationIds: ['main'] });
  const movements = Array.from({ length: SKUS }, (_, sku) => ({
    commandId: `opening/${sku}`,
    kind: 'receipt',
    sku: skuOf(sku),
    locationId: 'main',
    units: OPENING_UNITS,
  }));
  await api.post('/v1/stock/movements/bulk', { movements });
}
