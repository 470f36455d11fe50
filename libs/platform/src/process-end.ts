/** Where signals come from and how a process ends; tests put their own in its place. */
export interface ProcessEnd {
  on(signal: EndSignal, listener: () => void): unknown;
  off(signal: EndSignal, listener: () => void): unknown;
  exit(code: number): void;
}

export type EndSignal = 'SIGINT' | 'SIGTERM';

/**
 * Keeps the signals that come before a program has loaded what it needs to end in order: its first listener gets them. Without
 * this they would end the process at once, and leave running what it has started by then.
 */
export function keepSignals(target: ProcessEnd = process): ProcessEnd {
  const kept: EndSignal[] = [];
  const keepers = (['SIGINT', 'SIGTERM'] as const).map((signal) => [signal, () => void kept.push(signal)] as const);
  for (const [signal, keep] of keepers) target.on(signal, keep);
  return {
    on(signal, listener) {
      target.on(signal, listener);
      for (const [kind, keep] of keepers) if (kind === signal) target.off(signal, keep);
      for (const one of kept.splice(0))
        if (one === signal) setImmediate(listener);
        else kept.push(one);
    },
    off: (signal, listener) => target.off(signal, listener),
    exit: (code) => target.exit(code),
  };
}
