import type { ExternalIdCommand } from '../external-id/external-id.decide.js';
import type { ChannelListing } from './variant.decide.js';

/** What listings of a SKU claim, and what they release of listings whose place they take: a command per external id. */
export function claimsOf(sku: string, listings: readonly ChannelListing[]): ExternalIdCommand[] {
  const commands = new Map<string, ExternalIdCommand>();
  for (const { channel, replaces } of listings)
    if (replaces !== undefined)
      commands.set(`${channel} ${replaces}`, { type: 'ReleaseExternalId', channel, externalId: replaces, sku });
  for (const { channel, externalId } of listings)
    commands.set(`${channel} ${externalId}`, { type: 'ClaimExternalId', channel, externalId, sku });
  return [...commands.values()];
}
