import { CommandHandler, type ICommandHandler, type IQueryHandler, QueryHandler } from '@nestjs/cqrs';
import { SliceCommand, SliceQuery } from './slice.js';
import { Slices } from './slices.js';

/** Carries out the commands of every slice. */
@CommandHandler(SliceCommand)
export class SliceCommandHandler implements ICommandHandler<SliceCommand<unknown, unknown>> {
  constructor(private readonly slices: Slices) {}

  execute({ work, request }: SliceCommand<unknown, unknown>): Promise<unknown> {
    return work(request, this.slices);
  }
}

/** Answers the questions of every slice. */
@QueryHandler(SliceQuery)
export class SliceQueryHandler implements IQueryHandler<SliceQuery<unknown, unknown>> {
  constructor(private readonly slices: Slices) {}

  execute({ work, request }: SliceQuery<unknown, unknown>): Promise<unknown> {
    return work(request, this.slices);
  }
}
