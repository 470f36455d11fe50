import { type Clock, systemClock } from '#kernel';

/** Time and timers of the shop, so that specs can move both. */
export interface ShopClock extends Clock {
  /** Calls `action` once after the delay; the returned function prevents that. */
  after(delayMs: number, action: () => void): () => void;
}

export const systemShopClock: ShopClock = {
  now: () => systemClock.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
