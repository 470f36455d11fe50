import type { DiskWeather } from '../database/server.js';
import type { NetworkWeather } from '../database/socket.js';
import type { Random } from '../kit/random.js';
import type { ShopWeather } from '../shops/shop-server.js';

/** How bad things are at the moment, each from 0 (well) to 1. */
export interface Troubles {
  network: number;
  shops: number;
  disk: number;
  /** Nothing gets through between system and database. */
  partitioned: boolean;
}

export const FAIR: Readonly<Troubles> = { network: 0, shops: 0, disk: 0, partitioned: false };

/** Turns troubles into delays, losses and failures. */
export class Weather {
  troubles: Troubles = { ...FAIR };

  constructor(private readonly random: () => Random) {}

  readonly database = (): NetworkWeather => ({
    delayMs: () => (this.troubles.partitioned ? undefined : this.#delayMs(0.1, 0.002)),
  });

  /** From another building, where a message takes as long as a transaction here. */
  readonly fromAfar = (): NetworkWeather => ({
    delayMs: () => (this.troubles.partitioned ? undefined : 5 + this.random().exponential(10)),
  });

  readonly calls = (): NetworkWeather => ({ delayMs: () => this.#delayMs(0.5, 0.03) });

  readonly shops = (): ShopWeather => ({
    delayMs: () => {
      const random = this.random();
      if (random.chance(0.15 * this.troubles.shops)) return undefined;
      return random.chance(0.1 * this.troubles.shops) ? random.exponential(9_000) : 2 + random.exponential(20);
    },
    refusal: () => {
      const random = this.random();
      return random.chance(0.4 * this.troubles.shops) ? random.pick([429, 500, 503, 422, 400]) : undefined;
    },
  });

  readonly disk: DiskWeather = {
    syncMs: () => {
      const random = this.random();
      return random.chance(0.02 + 0.2 * this.troubles.disk) ? random.exponential(60) : 0.2 + random.exponential(0.5);
    },
    writeError: () => {
      const random = this.random();
      return random.chance(0.25 * this.troubles.disk) ? random.pick(['53100', '58030']) : undefined;
    },
  };

  #delayMs(usualMs: number, loss: number): number | undefined {
    const random = this.random();
    if (this.troubles.network === 0) return usualMs + random.next() * usualMs;
    if (random.chance(loss * this.troubles.network)) return undefined;
    return usualMs + random.exponential(40 * this.troubles.network);
  }
}
