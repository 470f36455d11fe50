import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { EVENT_STORE, type EventStore, type RecordedEvent } from '#event-sourcing';
import { Rejected } from '#kernel';
import { Shutdown } from '#platform';
import type { ChannelPolicy } from '../stock/available-to-sell.js';
import { addToSupply, emptySupply, policyOf, type SupplyEvent, supplyEventTypes } from './policies.js';

/**
 * Locations and channel policies in memory: a few hundred events at most, read from the log at start and followed from
 * there, so that a decision on stock costs no read.
 */
@Injectable()
export class SupplyDirectory implements OnApplicationBootstrap {
  private readonly supply = emptySupply();
  private position = 0;
  private caughtUp = Promise.withResolvers<void>();
  private waiters: { position: number; resolve: () => void }[] = [];

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly shutdown: Shutdown,
  ) {}

  /** Reads what there is, and goes on in the background. */
  async onApplicationBootstrap(): Promise<void> {
    const following = this.follow();
    following.catch((error: unknown) => this.caughtUp.reject(error));
    await this.caughtUp.promise;
  }

  policyOf(channel: string): ChannelPolicy {
    return policyOf(this.supply, channel);
  }

  get locations(): readonly string[] {
    return this.supply.locations;
  }

  /** Throws `Rejected('unknown-location')`. */
  requireLocation(locationId: string): void {
    if (this.supply.locations.includes(locationId)) return;
    throw new Rejected('not-found', 'unknown-location', `There is no location ${locationId}. Open it first.`);
  }

  /** Resolves when the directory knows every event up to `position`. */
  async waitFor(position: number): Promise<void> {
    if (this.position >= position) return;
    await new Promise<void>((resolve) => this.waiters.push({ position, resolve }));
  }

  private async follow(): Promise<void> {
    const pages = this.store.subscribe({ after: 0, filter: { types: supplyEventTypes }, signal: this.shutdown.signal });
    for await (const page of pages) {
      for (const event of page.events) addToSupply(this.supply, event as RecordedEvent<SupplyEvent>);
      this.position = page.position;
      if (page.caughtUp) this.caughtUp.resolve();
      this.waiters = this.waiters.filter(({ position, resolve }) => {
        if (position > this.position) return true;
        resolve();
        return false;
      });
    }
  }
}
