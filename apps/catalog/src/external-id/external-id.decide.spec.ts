import { describe, it } from '@jest/globals';
import type { ExternalIdEvent } from '#contracts';
import { specify } from '#testing';
import { externalIdDecider } from './external-id.decider.js';

const { given } = specify(externalIdDecider);
const mug = { channel: 'etsy', externalId: 'A-1', sku: 'MUG' };
const cup = { ...mug, sku: 'CUP' };
const claimed: ExternalIdEvent = { type: 'ExternalIdClaimed', data: mug };
const released: ExternalIdEvent = { type: 'ExternalIdReleased', data: mug };

describe('an external id', () => {
  it('is claimed', () =>
    given()
      .when({ type: 'ClaimExternalId', ...mug })
      .thenEvents(claimed));

  it('is claimed once', () =>
    given(claimed)
      .when({ type: 'ClaimExternalId', ...mug })
      .thenEvents());

  it('is refused to another SKU, and says whose it is', () =>
    given(claimed)
      .when({ type: 'ClaimExternalId', ...cup })
      .thenRejected('external-id-taken', { channel: 'etsy', externalId: 'A-1', sku: 'MUG' }));

  it('is released', () =>
    given(claimed)
      .when({ type: 'ReleaseExternalId', ...mug })
      .thenEvents(released));

  it('is not released by another SKU', () =>
    given(claimed)
      .when({ type: 'ReleaseExternalId', ...cup })
      .thenEvents());

  it('is not released twice', () =>
    given(claimed, released)
      .when({ type: 'ReleaseExternalId', ...mug })
      .thenEvents());

  it('may be claimed by another SKU after its release', () =>
    given(claimed, released)
      .when({ type: 'ClaimExternalId', ...cup })
      .thenEvents({ type: 'ExternalIdClaimed', data: cup }));
});
