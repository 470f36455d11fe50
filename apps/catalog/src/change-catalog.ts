import { z } from 'zod';
import type { CallerMetadata, CommandRunner, EventMetadata } from '#event-sourcing';
import { newId, Rejected } from '#kernel';
import { addressed, type CatalogCommand, type CatalogEvent } from './catalog-command.js';
import { ExternalIdTaken } from './external-id/external-id.decide.js';

/** What became of a change, told after its events are durable. */
export interface CatalogChange {
  /** Of all streams; none when it changed nothing. */
  readonly events: readonly CatalogEvent[];
  /** A view that has reached this position shows the change. */
  readonly position: number;
}

/**
 * Decides on one or several streams of the catalogue, each command on another: all of them hold or none. The first one is for
 * the aggregate that was asked for: an expected revision is its revision.
 *
 * External ids are claimed before the variant is changed, and those it no longer has are released after it. So what is
 * listed is claimed by the SKU that lists it at every moment, also where streams are stored one after the other. There a
 * crash may leave a claim without a listing: the same request goes on with it, and a claim for another SKU does away with it.
 */
export class ChangeCatalog {
  constructor(private readonly commands: CommandRunner) {}

  async execute(
    commands: readonly CatalogCommand[],
    { expectedRevision, ...metadata }: CallerMetadata,
  ): Promise<CatalogChange> {
    const [asked] = commands;
    const ordered = commands
      .toSorted(bySafety)
      .map((command) => (command === asked ? { ...addressed(command), expectedRevision } : addressed(command)));
    const outcomes = await this.commands.executeTogether(ordered, { metadata }).catch(async (error: unknown) => {
      if (!(await this.freesAbandoned(error, metadata))) throw error;
      return this.commands.executeTogether(ordered, { metadata });
    });
    return {
      events: outcomes.flatMap(({ events }) => events),
      position: Math.max(...outcomes.map(({ position }) => position)),
    };
  }

  /** Releases the external id that a claim was refused for, where the SKU it stands for does not list it. */
  private async freesAbandoned(refusal: unknown, metadata: EventMetadata): Promise<boolean> {
    if (!(refusal instanceof ExternalIdTaken)) return false;
    const claim = refusal.claim;
    const commands = [
      { ...claim, type: 'RequireNoListing' } as const,
      { ...claim, type: 'ReleaseExternalId' } as const,
    ].map(addressed);
    const ownMetadata = { ...metadata, commandId: newId() };
    try {
      await this.commands.executeTogether(commands, { metadata: ownMetadata });
      return true;
    } catch (error) {
      if (error instanceof Rejected) return false;
      throw error;
    }
  }
}

const bySafety = (one: CatalogCommand, other: CatalogCommand): number => rankOf(one) - rankOf(other);

function rankOf({ type }: CatalogCommand): number {
  switch (type) {
    case 'CreateProduct':
    case 'DescribeProduct':
    case 'PutProduct':
    case 'RequireProduct':
      return 0;
    case 'ClaimExternalId':
      return 1;
    case 'AddVariant':
    case 'DescribeVariant':
    case 'SetPrice':
    case 'ListVariant':
    case 'EndListings':
    case 'ImportVariant':
    case 'RequireNoListing':
      return 2;
    case 'ReleaseExternalId':
      return 3;
    default:
      return type satisfies never;
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
