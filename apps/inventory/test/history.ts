import { Rejected } from '#kernel';
import type { StockCommand } from '../src/stock/stock.decide.js';
import type { TransferCommand } from '../src/transfer/transfer.decide.js';
import type { InventoryHarness } from './inventory-harness.js';

/** One step in the life of a small shop, drawn from numbers between 0 and 1. */
export type Dice = () => number;

/** The same seed throws the same numbers (mulberry32). */
export function dice(seed: number): Dice {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Any of the commands on stock or a change of policy; a refusal is part of life. */
export async function anyStep(inventory: InventoryHarness, roll: Dice, skus = 6): Promise<void> {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(roll() * items.length)] as Item;
  const units = 1 + Math.floor(roll() * 8);
  if (roll() < 0.12) {
    const channel = pick(['shop', 'amazon', 'till']);
    if (roll() < 0.5) await inventory.supplyMap(channel, ...pick([['main'], ['store'], ['main', 'store']]));
    else await inventory.defaults(channel, { buffer: Math.floor(roll() * 3), sharePercent: pick([50, 100]) });
    return;
  }
  const policy = inventory.supply.policyOf(pick(['shop', 'amazon', 'till']));
  const locationId = pick(['main', 'store']);
  const orderId = `o${Math.floor(roll() * 12)}`;
  const reservationId = `r${Math.floor(roll() * 40)}`;
  const lines = [{ lineId: '1', units }];
  const reserveOne = { type: 'ReserveStock', reservationId, units: 1, ttlSeconds: 900, policy } as const;
  const command = pick<StockCommand>([
    { type: 'ReceiveStock', locationId, units: 2 * units },
    // No count and no adjustment comes to the dock: a reference that came twice stays open.
    { type: 'ReceiveStock', locationId: 'dock', units, reference: 'delivery note' },
    ...Array.from({ length: 3 }, () => reserveOne),
    { type: 'ReserveStock', reservationId, units, ttlSeconds: 900, policy },
    { type: 'ConfirmReservation', reservationId, orderId, lineId: '1', policy },
    { type: 'ReleaseReservation', reservationId },
    { type: 'AllocateLines', as: 'request', orderId, lines, policy },
    { type: 'AllocateLines', as: 'request', orderId, lines: [{ lineId: '1', units, reservationId }], policy },
    { type: 'AllocateLines', as: 'fact', orderId, lines, policy },
    { type: 'CancelAllocation', orderId, lines },
    { type: 'ShipStock', orderId, lines, channel: policy.channel },
    {
      type: 'ReturnStock',
      returnId: orderId,
      locationId: pick([locationId, 'not open']),
      units,
      condition: pick(['available', 'damaged']),
    },
    { type: 'AdjustStock', locationId, onHand: -units, unavailable: 0, reason: 'broken' },
    { type: 'CountStock', locationId, counted: units },
    { type: 'SetSafetyStock', locationId, units: Math.floor(roll() * 3) },
    { type: 'SetChannelRule', channel: policy.channel, quota: units },
  ]);
  await inventory.execute(`sku ${Math.floor(roll() * skus)}`, command).catch(unlessRefused);
}

/** A document of some transfer, often one that is refused or known. */
export async function anyTransfer(inventory: InventoryHarness, roll: Dice, skus = 6): Promise<void> {
  const transferId = `t${Math.floor(roll() * 30)}`;
  const sku = `sku ${Math.floor(roll() * skus)}`;
  const lines = [{ sku, units: 1 + Math.floor(roll() * 8) }];
  const commands: readonly TransferCommand[] = [
    { type: 'DispatchTransfer', transferId, from: 'main', to: 'store', lines },
    { type: 'ReceiveTransfer', transferId, receiptId: `r${Math.floor(roll() * 9)}`, lines },
    { type: 'SettleTransferDifference', transferId, sku, as: roll() < 0.5 ? 'lost' : 'found' },
    { type: 'CancelTransfer', transferId, reason: 'not needed' },
  ];
  const command = commands[Math.floor(roll() * commands.length)];
  if (command) await inventory.transfer(command).catch(unlessRefused);
}

function unlessRefused(error: unknown): void {
  if (!(error instanceof Rejected)) throw error;
}
