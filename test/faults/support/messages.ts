/** What a worker is ordered to do. */
export type Order =
  /** Send commands: each caller from the one after the last that was acknowledged to it. */
  | { readonly type: 'load'; readonly acknowledgedBy: readonly number[] }
  /** Send no more, and say so when all are answered. */
  | { readonly type: 'rest' }
  /** One reservation of its own, over and over until it is acknowledged. */
  | { readonly type: 'probe'; readonly id: string };

/** What a worker says. */
export type Report =
  | { readonly type: 'ready'; readonly httpUrl: string }
  /** Pairs of caller and command, flat. */
  | { readonly type: 'acknowledged'; readonly pairs: readonly number[] }
  | { readonly type: 'probed'; readonly id: string }
  | { readonly type: 'resting' }
  /** A command that was not acknowledged and will be sent again. */
  | { readonly type: 'refused'; readonly code: string }
  /** An answer that nothing here explains. */
  | { readonly type: 'wrong'; readonly sentence: string };
