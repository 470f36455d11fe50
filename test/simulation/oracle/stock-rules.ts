import type { StockEvent, UnitsAt } from '#contracts';
import type { RecordedEvent } from '#event-sourcing';
import type { LogFold } from './log-fold.js';
import type { StockFold } from './stock-fold.js';
import { must } from './violation.js';

/** What one event of a SKU may say, given everything before it. `declined` collects the orders that were refused. */
export function checkStockEvent(event: RecordedEvent, fold: LogFold, declined: Set<string>): void {
  if (!event.stream.startsWith('stock-')) return;
  const sku = event.stream.slice('stock-'.length);
  const stock = fold.stockOf(sku);
  const { data, type, metadata, recordedAt, position } = event as RecordedEvent<StockEvent>;
  const where = `${sku} at ${position}`;
  if (type === 'StockReserved') mustBeFree(stock, data.from, where);
  if (type === 'StockAllocated' && data.as === 'request') {
    mustBeFree(stock, data.from, where);
    must(
      !declined.has(data.orderId),
      'an order is allocated as a whole or declined',
      () => `${data.orderId}, ${where}`,
    );
  }
  if (type === 'StockAllocationDeclined') {
    declined.add(data.orderId);
    must(
      !fold.orders.get(data.orderId)?.lines.some(({ lineId }) => stock.boundTo(data.orderId, lineId) > 0),
      'an order is allocated as a whole or declined',
      () => `${data.orderId}, ${where}`,
    );
  }
  if (type === 'StockReservationConfirmed') {
    const hold = stock.holds.get(data.reservationId);
    must(hold !== undefined, 'what is confirmed is held', () => `${data.reservationId}, ${where}`);
    const asked = Date.parse(metadata.receivedAt ?? recordedAt);
    must(
      hold === undefined || asked < hold.dueAtMs,
      'a hold that ran out is not confirmed',
      () => `${data.reservationId}, ${where}`,
    );
  }
  if (type === 'StockReservationExpired') {
    const hold = stock.holds.get(data.reservationId);
    must(
      hold !== undefined && hold.dueAtMs <= Date.parse(recordedAt),
      'a hold expires when it is due',
      () => `${data.reservationId}, ${where}`,
    );
  }
  if (type === 'StockCounted') checkCount(stock, data, where);
}

/** After everything that one commit did to a SKU. */
export function checkStockAtRest(sku: string, stock: StockFold): void {
  for (const [place, level] of stock.levels) {
    const where = () => `${sku} in ${place} at ${stock.position}: ${JSON.stringify(level)}`;
    const { onHand, unavailable, allocated, reserved, shortage } = level;
    must(onHand >= 0 && unavailable >= 0 && unavailable <= onHand, 'a shelf holds no negative number', where);
    must(allocated >= 0 && reserved >= 0, 'no claim is negative', where);
    must(shortage === Math.max(0, allocated - (onHand - unavailable)), 'a shortage is what is missing', where);
    let held = 0;
    for (const { from } of stock.holds.values()) held += unitsIn(from, place);
    must(held === reserved, 'reserved is the sum of the holds', where);
  }
  for (const [transferId, { sumMoved }] of stock.transfers)
    must(
      sumMoved === 0,
      'what leaves a location is on its way until it arrives',
      () => `${sku} in ${transferId}: ${sumMoved} units too many`,
    );
  for (const [line, places] of stock.bound)
    for (const units of places.values())
      must(units >= 0, 'no order line is bound below zero', () => `${sku} ${JSON.stringify(line)}`);
}

/** Units that are promised on request were free before. */
function mustBeFree(stock: StockFold, from: readonly UnitsAt[], where: string): void {
  for (const { locationId, units } of from) {
    const left = stock.free(locationId) - stock.level(locationId).safety;
    must(units <= left, 'no unit is promised twice', () => `${units} of ${left} in ${locationId}, ${where}`);
  }
}

function checkCount(
  stock: StockFold,
  { locationId, counted, asOfRevision, onHand }: Extract<StockEvent, { type: 'StockCounted' }>['data'],
  where: string,
): void {
  let moved = 0;
  for (const move of stock.moves)
    if (move.revision > asOfRevision && move.locationId === locationId) moved += move.units;
  must(
    onHand === Math.max(0, counted + moved),
    'a count keeps what moved after it',
    () => `${onHand} for ${counted} and ${moved}, ${where}`,
  );
}

const unitsIn = (from: readonly UnitsAt[], place: string): number =>
  from.reduce((sum, part) => sum + (part.locationId === place ? part.units : 0), 0);
