import { CommandRunner, type EventMetadata, type Outcome } from '#event-sourcing';
import { newId, Rejected } from '#kernel';
import { addressed, type CatalogCommand, type CatalogEvent } from './catalog-command.js';
import type { ClaimExternalId } from './external-id/external-id.decide.js';
import { type HeldLock, SkuLocks } from './sku-locks.js';
import type { RequireVariant } from './variant/variant.decide.js';

/**
 * A change of a SKU over several streams, where the store commits one stream at a time. What can be refused is asked
 * first; then external ids are claimed, the variant is changed, and ids it no longer has are released. So at every moment,
 * and after a crash at any, what is listed is claimed by the SKU that lists it. A crash may leave a claim without a
 * listing: the same request goes on with it, and a claim for another SKU does away with it.
 */
export class ChangeOneByOne {
  constructor(
    private readonly runner: CommandRunner,
    private readonly locks: SkuLocks,
  ) {}

  /** Outcomes in the order in which the commands were carried out. All of them are of one SKU, or of its product. */
  execute(commands: readonly CatalogCommand[], metadata: EventMetadata): Promise<Outcome<CatalogEvent>[]> {
    const sku = commands.find((command) => 'sku' in command)?.sku ?? '';
    return this.locks.hold(sku, async (lock) => {
      const outcomes: Outcome<CatalogEvent>[] = [];
      for (const command of [...commands.flatMap(requirementOf), ...commands.toSorted(bySafety)])
        outcomes.push(await this.executeOne(command, metadata, lock));
      return outcomes;
    });
  }

  private async executeOne(
    command: CatalogCommand,
    metadata: EventMetadata,
    lock: HeldLock,
  ): Promise<Outcome<CatalogEvent>> {
    try {
      return await this.runner.execute({ ...addressed(command), metadata });
    } catch (error) {
      if (command.type !== 'ClaimExternalId' || !(await this.freesAbandoned(command, error, metadata, lock)))
        throw error;
      return this.runner.execute({ ...addressed(command), metadata });
    }
  }

  /** Releases an id that stands for a SKU which does not list it; false where it does, or may be about to. */
  private async freesAbandoned(
    { channel, externalId }: ClaimExternalId,
    refusal: unknown,
    metadata: EventMetadata,
    lock: HeldLock,
  ): Promise<boolean> {
    if (!(refusal instanceof Rejected) || refusal.code !== 'external-id-taken') return false;
    const sku = String(refusal.details.sku);
    if (!(await lock.alsoHold(sku))) return false;
    const step = { ...metadata, commandId: newId() };
    if (await this.isListed(sku, channel, externalId, step)) return false;
    const release = { type: 'ReleaseExternalId', channel, externalId, sku } as const;
    await this.runner.execute({ ...addressed(release), metadata: step });
    return true;
  }

  private async isListed(sku: string, channel: string, externalId: string, metadata: EventMetadata): Promise<boolean> {
    const question = { type: 'RequireListing', sku, channel, externalId } as const;
    try {
      await this.runner.execute({ ...addressed(question), metadata });
      return true;
    } catch (error) {
      if (error instanceof Rejected) return false;
      throw error;
    }
  }
}

/** What a change of a variant may be refused for, asked before anything is stored. */
function requirementOf(command: CatalogCommand): RequireVariant[] {
  if (command.type === 'ListVariant') return [{ type: 'RequireVariant', sku: command.sku }];
  if (command.type === 'ImportVariant' || command.type === 'AddVariant')
    return [{ type: 'RequireVariant', sku: command.sku, productId: command.productId }];
  return [];
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
    case 'ReleaseExternalId':
      return 3;
    default:
      return 2;
  }
}
