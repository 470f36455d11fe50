import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import type { EventMetadata } from '#event-sourcing';
import { type CatalogCommand, type CatalogEvent, streamOf } from './catalog.decider.js';
import { CatalogRunner } from './catalog-runner.js';

/** What became of a change, told after its events are durable. */
export interface CatalogChange {
  /** Of all streams; none when it changed nothing. */
  readonly events: readonly CatalogEvent[];
  /** A view that has reached this position shows the change. */
  readonly position: number;
}

/** Decisions on one or several streams of the catalogue that hold together or not at all; each names another stream. */
export class ChangeCatalog extends Command<CatalogChange> {
  constructor(
    readonly commands: readonly CatalogCommand[],
    readonly metadata: EventMetadata,
  ) {
    super();
  }
}

@CommandHandler(ChangeCatalog)
export class ChangeCatalogHandler implements ICommandHandler<ChangeCatalog> {
  constructor(private readonly runner: CatalogRunner) {}

  async execute({ commands, metadata }: ChangeCatalog): Promise<CatalogChange> {
    const targets = commands.map((command) => ({ id: streamOf(command), command }));
    const outcomes = await this.runner.executeTogether(targets, metadata);
    return {
      events: outcomes.flatMap(({ events }) => events),
      position: Math.max(...outcomes.map(({ position }) => position)),
    };
  }
}

/** What every change of the catalogue answers. */
export const catalogChanged = z
  .object({
    changed: z.boolean().meta({ description: 'False for a repeat' }),
    position: z.int().meta({ description: 'A view that has reached this position shows the change' }),
  })
  .meta({ id: 'CatalogChanged' });
export type CatalogChanged = z.output<typeof catalogChanged>;

export const catalogChangedBy = ({ events, position }: CatalogChange): CatalogChanged => ({
  changed: events.length > 0,
  position,
});
