import type { ChannelPusher } from './channel-pusher.js';
import type { WantedOnChannel } from './push-ledger.js';

/** The channels that this process pushes to now. What is meant for any other is in the ledger already. */
export class Pushers {
  readonly #byChannel = new Map<string, ChannelPusher>();

  add(channel: string, pusher: ChannelPusher): void {
    this.#byChannel.set(channel, pusher);
  }

  remove(channel: string): void {
    this.#byChannel.delete(channel);
  }

  get(channel: string): ChannelPusher | undefined {
    return this.#byChannel.get(channel);
  }

  want(listings: readonly WantedOnChannel[]): void {
    for (const [channel, wanted] of Map.groupBy(listings, (listing) => listing.channel))
      this.#byChannel.get(channel)?.want(wanted);
  }

  reread(channel: string): void {
    this.#byChannel.get(channel)?.reread();
  }

  rereadAll(): void {
    for (const pusher of this.#byChannel.values()) pusher.reread();
  }
}
