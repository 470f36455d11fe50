import { Controller } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { GrpcMethod } from '@nestjs/microservices';
import { Executes, Input, type InputOf } from '#platform';
import { lookUpProfile, profileById } from '../views/profiles/profiles.slices.js';

/** Customers over gRPC; see customers.proto. */
@Controller()
export class CustomersGrpcController {
  constructor(private readonly queries: QueryBus) {}

  @GrpcMethod('Customers', 'LookUp')
  @Executes(lookUpProfile)
  lookUp(@Input() input: InputOf<typeof lookUpProfile>) {
    return this.queries.execute(lookUpProfile(input));
  }

  @GrpcMethod('Customers', 'GetProfile')
  @Executes(profileById)
  getProfile(@Input() input: InputOf<typeof profileById>) {
    return this.queries.execute(profileById(input));
  }
}
