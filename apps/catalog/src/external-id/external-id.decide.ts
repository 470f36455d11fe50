import type { ExternalIdEvent } from '#contracts';
import { Rejected } from '#kernel';
import type { ExternalId } from './external-id.js';

interface OfExternalId {
  readonly channel: string;
  readonly externalId: string;
  readonly sku: string;
}
export type ClaimExternalId = { readonly type: 'ClaimExternalId' } & OfExternalId;
export type ReleaseExternalId = { readonly type: 'ReleaseExternalId' } & OfExternalId;

export type ExternalIdCommand = ClaimExternalId | ReleaseExternalId;

/** An external id stands for another SKU. */
export class ExternalIdTaken extends Rejected {
  constructor(
    /** The claim that stands. */
    readonly claim: OfExternalId,
  ) {
    const { channel, externalId, sku } = claim;
    super(
      'conflict',
      'external-id-taken',
      `On ${channel} the id ${externalId} stands for ${sku}. End that listing first, or correct the id.`,
      { ...claim },
    );
  }
}

export function decideExternalId(command: ExternalIdCommand, state: ExternalId): ExternalIdEvent[] | Rejected {
  switch (command.type) {
    case 'ClaimExternalId':
      return claim(command, state);
    case 'ReleaseExternalId':
      return release(command, state);
    default:
      return command satisfies never;
  }
}

function claim({ channel, externalId, sku }: ClaimExternalId, state: ExternalId): ExternalIdEvent[] | Rejected {
  if (state.status === 'free') return [{ type: 'ExternalIdClaimed', data: { channel, externalId, sku } }];
  if (state.sku === sku) return [];
  return new ExternalIdTaken({ channel, externalId, sku: state.sku });
}

/** Only the SKU it stands for gives an id back. */
function release({ channel, externalId, sku }: ReleaseExternalId, state: ExternalId): ExternalIdEvent[] {
  if (state.status === 'free' || state.sku !== sku) return [];
  return [{ type: 'ExternalIdReleased', data: { channel, externalId, sku } }];
}
