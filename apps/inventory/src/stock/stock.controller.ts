import { Controller, Get, Post, Put } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Executes, Input, type InputOf } from '#platform';
import { shortages } from '../views/shortages/shortages.query.js';
import { availabilityOfSkus, explainStock, stockOfSku } from '../views/stock/stock.slices.js';
import { adjustStock } from './adjust-stock.js';
import { confirmReservation } from './confirm-reservation.js';
import { countStock } from './count-stock.js';
import { moveStockInBulk } from './move-stock-in-bulk.js';
import { receiveStock } from './receive-stock.js';
import { releaseReservation } from './release-reservation.js';
import { reserveStock, reserveStockInBulk } from './reserve-stock.js';
import { returnStock } from './return-stock.js';
import { setChannelRule } from './set-channel-rule.js';
import { setSafetyStock } from './set-safety-stock.js';
import { shipStock } from './ship-stock.js';

/** Stock of SKUs, and what is shown of it. */
@Controller('v1')
export class StockController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Post('reservations')
  @Executes(reserveStock)
  reserveStock(@Input() input: InputOf<typeof reserveStock>) {
    return this.commands.execute(reserveStock(input));
  }

  @Post('reservations/bulk')
  @Executes(reserveStockInBulk)
  reserveStockInBulk(@Input() input: InputOf<typeof reserveStockInBulk>) {
    return this.commands.execute(reserveStockInBulk(input));
  }

  @Post('reservations/:sku/:reservationId/confirm')
  @Executes(confirmReservation)
  confirmReservation(@Input() input: InputOf<typeof confirmReservation>) {
    return this.commands.execute(confirmReservation(input));
  }

  @Post('reservations/:sku/:reservationId/release')
  @Executes(releaseReservation)
  releaseReservation(@Input() input: InputOf<typeof releaseReservation>) {
    return this.commands.execute(releaseReservation(input));
  }

  @Post('stock/:sku/receipts')
  @Executes(receiveStock)
  receiveStock(@Input() input: InputOf<typeof receiveStock>) {
    return this.commands.execute(receiveStock(input));
  }

  @Post('stock/:sku/shipments')
  @Executes(shipStock)
  shipStock(@Input() input: InputOf<typeof shipStock>) {
    return this.commands.execute(shipStock(input));
  }

  @Post('stock/:sku/returns')
  @Executes(returnStock)
  returnStock(@Input() input: InputOf<typeof returnStock>) {
    return this.commands.execute(returnStock(input));
  }

  @Post('stock/:sku/adjustments')
  @Executes(adjustStock)
  adjustStock(@Input() input: InputOf<typeof adjustStock>) {
    return this.commands.execute(adjustStock(input));
  }

  @Post('stock/:sku/counts')
  @Executes(countStock)
  countStock(@Input() input: InputOf<typeof countStock>) {
    return this.commands.execute(countStock(input));
  }

  @Post('stock/movements/bulk')
  @Executes(moveStockInBulk)
  moveStockInBulk(@Input() input: InputOf<typeof moveStockInBulk>) {
    return this.commands.execute(moveStockInBulk(input));
  }

  @Put('stock/:sku/safety-stock/:locationId')
  @Executes(setSafetyStock)
  setSafetyStock(@Input() input: InputOf<typeof setSafetyStock>) {
    return this.commands.execute(setSafetyStock(input));
  }

  @Put('stock/:sku/channel-rules/:channel')
  @Executes(setChannelRule)
  setChannelRule(@Input() input: InputOf<typeof setChannelRule>) {
    return this.commands.execute(setChannelRule(input));
  }

  @Get('stock/:sku')
  @Executes(stockOfSku)
  stockOfSku(@Input() input: InputOf<typeof stockOfSku>) {
    return this.queries.execute(stockOfSku(input));
  }

  @Get('stock/:sku/explain')
  @Executes(explainStock)
  explainStock(@Input() input: InputOf<typeof explainStock>) {
    return this.queries.execute(explainStock(input));
  }

  @Get('availability')
  @Executes(availabilityOfSkus)
  availabilityOfSkus(@Input() input: InputOf<typeof availabilityOfSkus>) {
    return this.queries.execute(availabilityOfSkus(input));
  }

  @Get('shortages')
  @Executes(shortages)
  shortages(@Input() input: InputOf<typeof shortages>) {
    return this.queries.execute(shortages(input));
  }
}
