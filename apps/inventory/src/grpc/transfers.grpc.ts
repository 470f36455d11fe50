import { Controller } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { GrpcMethod } from '@nestjs/microservices';
import { Executes, Input, type InputOf } from '#platform';
import { cancelTransfer } from '../transfer/cancel-transfer.js';
import { dispatchTransfer } from '../transfer/dispatch-transfer.js';
import { receiveTransfer } from '../transfer/receive-transfer.js';
import { settleTransferDifference } from '../transfer/settle-transfer-difference.js';
import { transferById } from '../views/transfers/transfers.query.js';

/** Transfers over gRPC; see transfers.proto. */
@Controller()
export class TransfersGrpcController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @GrpcMethod('Transfers', 'Dispatch')
  @Executes(dispatchTransfer)
  dispatchTransfer(@Input() input: InputOf<typeof dispatchTransfer>) {
    return this.commands.execute(dispatchTransfer(input));
  }

  @GrpcMethod('Transfers', 'Receive')
  @Executes(receiveTransfer)
  receiveTransfer(@Input() input: InputOf<typeof receiveTransfer>) {
    return this.commands.execute(receiveTransfer(input));
  }

  @GrpcMethod('Transfers', 'SettleDifference')
  @Executes(settleTransferDifference)
  settleTransferDifference(@Input() input: InputOf<typeof settleTransferDifference>) {
    return this.commands.execute(settleTransferDifference(input));
  }

  @GrpcMethod('Transfers', 'Cancel')
  @Executes(cancelTransfer)
  cancelTransfer(@Input() input: InputOf<typeof cancelTransfer>) {
    return this.commands.execute(cancelTransfer(input));
  }

  @GrpcMethod('Transfers', 'Get')
  @Executes(transferById)
  transferById(@Input() input: InputOf<typeof transferById>) {
    return this.queries.execute(transferById(input));
  }
}
