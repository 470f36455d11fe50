import { Logger } from '@nestjs/common';
import { type EventStore, PositionGate, type RecordedEvent } from '#event-sourcing';
import { Rejected } from '#kernel';
import { logOf, Shutdown } from '#platform';
import { Retries, superviseLoop } from '#read-models';
import type { ChannelPolicy } from './channel-terms.js';
import { unknownLocation } from './location.js';
import { addToSupply, emptySupply, policyOf, type Supply, type SupplyEvent, supplyEventTypes } from './policies.js';

/** Port: the supply as it was folded elsewhere up to some position, so that the log need not be read from its start. */
export interface SupplySnapshot {
  latest(): Promise<{ readonly supply: Supply; readonly position: number } | undefined>;
}

/**
 * Locations and channel policies in memory, so that a decision on stock costs no read. The start is what the stock view
 * has folded; the log is followed from there, so a log of millions of events does not delay the first decision.
 */
export class SupplyDirectory {
  private readonly retries = new Retries({ log: logOf(new Logger(SupplyDirectory.name)) }, {}, RETRIES);
  private supply = emptySupply();
  /** Of channels that were asked for, until a policy or location changes. */
  private readonly policies = new Map<string, ChannelPolicy>();
  private readonly gate = new PositionGate();
  private caughtUp = Promise.withResolvers<void>();

  constructor(
    private readonly store: EventStore,
    private readonly snapshot: SupplySnapshot,
    private readonly shutdown: Shutdown,
  ) {}

  /**
   * Reads what there is, and goes on in the background. Processes start after every service is prepared: one that decided
   * before this has read the log would find no location and decline everything.
   */
  async prepare(): Promise<void> {
    void this.follow();
    await this.caughtUp.promise;
  }

  policyOf(channel: string): ChannelPolicy {
    const known = this.policies.get(channel);
    if (known) return known;
    const policy = policyOf(this.supply, channel);
    if (this.policies.size < MAX_POLICIES) this.policies.set(channel, policy);
    return policy;
  }

  get locations(): readonly string[] {
    return this.supply.locations;
  }

  isOpen(locationId: string): boolean {
    return this.supply.locations.includes(locationId);
  }

  /** What a location is called; undefined for one that was never opened. */
  locationOf(locationId: string): { readonly name: string; readonly roles: readonly string[] } | undefined {
    return this.supply.known[locationId];
  }

  /** True when the channel has a supply map or a rule: then it is shown numbers. */
  shows(channel: string): boolean {
    return Object.hasOwn(this.supply.channels, channel);
  }

  /** Throws `Rejected('unknown-location')` or `Rejected('location-closed')`. */
  requireLocation(locationId: string): void {
    if (this.isOpen(locationId)) return;
    if (!this.locationOf(locationId)) throw unknownLocation(locationId);
    throw new Rejected('conflict', 'location-closed', `Location ${locationId} is closed. Open it again first.`);
  }

  /** Resolves when the directory knows every event up to `position`. */
  async waitFor(position: number): Promise<void> {
    await this.gate.waitFor(position);
  }

  /** Ends with the process. Throws nothing: a failure to read at the start is reported to who waits for it. */
  private async follow(): Promise<void> {
    await superviseLoop(this.shutdown.signal, {
      retries: this.retries,
      failed: 'locations and policies cannot be followed, will retry',
      turn: async (signal) => {
        if (this.gate.position === 0) await this.beginWithSnapshot();
        await this.read(signal);
      },
      onFailure: (error) => {
        this.caughtUp.reject(error);
        return error;
      },
    });
    this.caughtUp.resolve();
    this.gate.close();
  }

  private async beginWithSnapshot(): Promise<void> {
    const latest = await this.snapshot.latest();
    if (!latest) return;
    this.supply = latest.supply;
    this.policies.clear();
    this.gate.advance(latest.position);
  }

  private async read(signal: AbortSignal): Promise<void> {
    const pages = this.store.subscribe({ after: this.gate.position, filter: { types: supplyEventTypes }, signal });
    for await (const page of pages) {
      for (const event of page.events) addToSupply(this.supply, event as RecordedEvent<SupplyEvent>);
      if (page.events.length > 0) this.policies.clear();
      this.retries.succeeded();
      if (page.caughtUp) this.caughtUp.resolve();
      this.gate.advance(page.position);
    }
  }
}

const RETRIES = { backoffMsMin: 250, backoffMsMax: 1_000 };
/** Any text may be asked for as a channel. */
const MAX_POLICIES = 1_000;
