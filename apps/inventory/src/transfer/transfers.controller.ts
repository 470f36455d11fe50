import { Controller, Get, Post, Put } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Executes, Input, type InputOf } from '#platform';
import { listTransfers, transferById } from '../views/transfers/transfers.query.js';
import { cancelTransfer } from './cancel-transfer.js';
import { dispatchTransfer } from './dispatch-transfer.js';
import { receiveTransfer } from './receive-transfer.js';
import { settleTransferDifference } from './settle-transfer-difference.js';

/** Goods on their way between locations. */
@Controller('v1/transfers')
export class TransfersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Put(':transferId')
  @Executes(dispatchTransfer)
  dispatchTransfer(@Input() input: InputOf<typeof dispatchTransfer>) {
    return this.commands.execute(dispatchTransfer(input));
  }

  @Post(':transferId/receipts')
  @Executes(receiveTransfer)
  receiveTransfer(@Input() input: InputOf<typeof receiveTransfer>) {
    return this.commands.execute(receiveTransfer(input));
  }

  @Post(':transferId/settlements')
  @Executes(settleTransferDifference)
  settleTransferDifference(@Input() input: InputOf<typeof settleTransferDifference>) {
    return this.commands.execute(settleTransferDifference(input));
  }

  @Post(':transferId/cancel')
  @Executes(cancelTransfer)
  cancelTransfer(@Input() input: InputOf<typeof cancelTransfer>) {
    return this.commands.execute(cancelTransfer(input));
  }

  @Get()
  @Executes(listTransfers)
  listTransfers(@Input() input: InputOf<typeof listTransfers>) {
    return this.queries.execute(listTransfers(input));
  }

  @Get(':transferId')
  @Executes(transferById)
  transferById(@Input() input: InputOf<typeof transferById>) {
    return this.queries.execute(transferById(input));
  }
}
