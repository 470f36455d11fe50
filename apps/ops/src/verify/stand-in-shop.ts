import type { ReadableChannel, RegisteredChannel } from './channel-check.js';

export interface StandInShopOptions {
  /** The connector of a channel at an address. Throws when this process has none. */
  readonly connect: (channel: RegisteredChannel) => ReadableChannel;
  /** Starts the simulated shop of the data directory; undefined when that has none. */
  readonly startShop: () => Promise<{ readonly url: string; close(): Promise<void> } | undefined>;
  readonly signal: AbortSignal;
}

/**
 * Reaches registered channels, and stands in for a simulated shop that does not run at the moment: it is started with
 * the numbers it had, at another address. Other channels, and shops that answer, are reached where they are.
 */
export class StandInShop {
  #shop: ReturnType<StandInShopOptions['startShop']> | undefined;

  constructor(private readonly options: StandInShopOptions) {}

  async connect(channel: RegisteredChannel): Promise<ReadableChannel> {
    const { connect, startShop, signal } = this.options;
    const readable = connect(channel);
    if (channel.connector !== 'simulated' || (await answers(readable, signal))) return readable;
    this.#shop ??= startShop();
    const shop = await this.#shop;
    return shop ? connect({ ...channel, baseUrl: shop.url }) : readable;
  }

  async close(): Promise<void> {
    await (await this.#shop)?.close();
  }
}

async function answers(channel: ReadableChannel, signal: AbortSignal): Promise<boolean> {
  try {
    await channel.readStock(undefined, signal);
    return true;
  } catch {
    return false; // Why is said when the stand-in cannot help either.
  }
}
