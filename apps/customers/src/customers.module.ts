import { Module } from '@nestjs/common';
import { assembled } from '#platform';
import { assembleCustomers } from './assemble.js';
import { CustomersGrpcController } from './grpc/customers.grpc.js';
import { ProfilesController } from './profiles.controller.js';

/** Who buys, over all channels, known by keyed hashes only. Its commands come from its process; no caller sends any: `assemble.ts`. */
@Module({
  controllers: [ProfilesController, CustomersGrpcController],
  providers: assembled(assembleCustomers),
})
export class CustomersModule {}
