import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { channelEvents, variantEvents } from '#contracts';
import type { EventStore, RecordedEvent } from '#event-sourcing';
import { MAX_QUANTITY } from '#kernel';

/** A listing for which the channel shows another number than our stock view says is available there. */
export interface ChannelDifference {
  readonly sku: string;
  readonly externalId: string;
  /** Undefined when the channel does not show the listing at all. */
  readonly shown: number | undefined;
  /** As a channel gets it: at most {@link MAX_QUANTITY}. */
  readonly available: number;
}

/** Reaches the registered channels. */
export interface ChannelCheck {
  /** Ids of the registered channels that are not closed. */
  channels(): Promise<readonly string[]>;
  /** Asks one channel for all its numbers. Throws when it cannot be reached. */
  differences(
    channel: string,
  ): Promise<{ readonly listings: number; readonly differences: readonly ChannelDifference[] }>;
  /** Lets go of what was started to reach them. */
  close(): Promise<void>;
}

/** Where a registered channel is, and what speaks to it. */
export type RegisteredChannel = z.output<typeof address>;

/** A channel as its connector reads it. */
export interface ReadableChannel {
  readStock(
    after: string | undefined,
    signal: AbortSignal,
  ): Promise<{
    readonly items: readonly { readonly externalId: string; readonly quantity: number }[];
    readonly next: string | undefined;
  }>;
}

export interface ChannelCheckOptions {
  readonly store: EventStore;
  /** The connector of a registered channel. Rejects when this process has none. */
  readonly connect: (channel: RegisteredChannel) => Promise<ReadableChannel>;
  /** See {@link ChannelCheck.close}. */
  readonly close?: () => Promise<void>;
  /** What the stock view says is available on a channel, per SKU; a SKU without stock is left out. */
  readonly available: (channel: string, skus: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly signal: AbortSignal;
  /** A number on its way looks like a difference: what differs counts only when it still does after so long. */
  readonly secondLookMs: number;
}

/** Compares channels with the stock view; which channels and listings there are comes from the log itself. */
export function checkOfChannels(options: ChannelCheckOptions): ChannelCheck {
  const { store, connect, close = async () => {}, signal, secondLookMs } = options;
  return {
    close,
    channels: async () => [...(await registeredChannels(store)).keys()],
    differences: async (channel) => {
      const address = (await registeredChannels(store)).get(channel);
      if (!address) throw new Error(`No channel ${channel} is registered.`);
      const listings = await listingsOf(store, channel);
      const look = async () =>
        differencesOf(
          listings,
          await numbersOf(await connect(address), signal),
          await availableOf(options, channel, listings),
        );
      const first = await look();
      if (first.length === 0) return { listings: listings.size, differences: [] };
      await delay(secondLookMs, undefined, { signal });
      const before = new Set(first.map(({ externalId }) => externalId));
      return {
        listings: listings.size,
        differences: (await look()).filter(({ externalId }) => before.has(externalId)),
      };
    },
  };
}

/** SKUs per question to the view. */
const SKUS_PER_QUERY = 5_000;

const address = z.object({ channel: z.string(), connector: z.string(), baseUrl: z.string() });

/** What was closed may be in the hands of another system. */
async function registeredChannels(store: EventStore): Promise<Map<string, z.output<typeof address>>> {
  const channels = new Map<string, z.output<typeof address>>();
  const types: (keyof typeof channelEvents)[] = [
    'ChannelRegistered',
    'ChannelReconfigured',
    'ChannelClosed',
    'ChannelReopened',
  ];
  for await (const { type, data } of eventsOf(store, types)) {
    if (type === 'ChannelClosed') channels.delete(channelEvents.ChannelClosed.data.parse(data).channel);
    else {
      const settings = address.parse(data);
      channels.set(settings.channel, settings);
    }
  }
  return channels;
}

/** SKUs by the id they are listed under. */
async function listingsOf(store: EventStore, channel: string): Promise<Map<string, string>> {
  const listings = new Map<string, string>();
  const types: (keyof typeof variantEvents)[] = ['ListingCreated', 'ListingEnded'];
  for await (const { type, data } of eventsOf(store, types)) {
    const listing = variantEvents.ListingCreated.data.parse(data);
    if (listing.channel !== channel) continue;
    if (type === 'ListingCreated') listings.set(listing.externalId, listing.sku);
    // The id may have been given to another SKU in the same commit, whose events come in any order.
    else if (listings.get(listing.externalId) === listing.sku) listings.delete(listing.externalId);
  }
  return listings;
}

async function* eventsOf(store: EventStore, types: readonly string[]): AsyncGenerator<RecordedEvent> {
  for (let after = 0, caughtUp = false; !caughtUp; ) {
    const page = await store.readAll({ after, filter: { types } });
    yield* page.events;
    ({ position: after, caughtUp } = page);
  }
}

async function numbersOf(channel: ReadableChannel, signal: AbortSignal): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  for (let after: string | undefined; ; ) {
    const { items, next } = await channel.readStock(after, signal);
    for (const { externalId, quantity } of items) numbers.set(externalId, quantity);
    if (next === undefined || next === after) return numbers;
    after = next;
  }
}

async function availableOf(
  { available }: ChannelCheckOptions,
  channel: string,
  listings: ReadonlyMap<string, string>,
): Promise<Map<string, number>> {
  const skus = [...new Set(listings.values())];
  const numbers = new Map<string, number>();
  for (let start = 0; start < skus.length; start += SKUS_PER_QUERY) {
    for (const [sku, units] of await available(channel, skus.slice(start, start + SKUS_PER_QUERY)))
      numbers.set(sku, units);
  }
  return numbers;
}

function differencesOf(
  listings: ReadonlyMap<string, string>,
  shown: ReadonlyMap<string, number>,
  available: ReadonlyMap<string, number>,
): ChannelDifference[] {
  return Array.from(listings, ([externalId, sku]) => ({
    sku,
    externalId,
    shown: shown.get(externalId),
    available: Math.min(MAX_QUANTITY, available.get(sku) ?? 0),
  })).filter((listing) => listing.shown !== listing.available);
}
