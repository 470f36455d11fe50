import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { z } from 'zod';
import { CommandRunner, type EventMetadata, type EventStore } from '#event-sourcing';
import { addressed, type CatalogCommand, type CatalogEvent } from './catalog-command.js';
import { ChangeOneByOne } from './change-one-by-one.js';

/** What became of a change, told after its events are durable. */
export interface CatalogChange {
  /** Of all streams; none when it changed nothing. */
  readonly events: readonly CatalogEvent[];
  /** A view that has reached this position shows the change. */
  readonly position: number;
}

/**
 * Decisions on one or several streams of the catalogue; each names another stream. They hold together or not at all where
 * the store commits several streams at once, and else in the order of {@link ChangeOneByOne}.
 */
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
  constructor(
    private readonly runner: CommandRunner,
    private readonly oneByOne: ChangeOneByOne,
    private readonly store: EventStore,
  ) {}

  async execute({ commands, metadata }: ChangeCatalog): Promise<CatalogChange> {
    const targets = commands.map(addressed);
    const outcomes =
      this.store.atomicAcrossStreams || targets.length === 1
        ? await this.runner.executeTogether(targets, { metadata })
        : await this.oneByOne.execute(commands, metadata);
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
