import type { Fault } from '../fault.js';
import type { Service } from './support/service-process.js';
import { type Misfortune, underTraffic } from './support/under-traffic.js';

export const clockSkew: Fault = {
  name: 'clock-skew',
  summary: 'processes whose clocks are ten minutes ahead and behind work beside the others',
  run: (run) => underTraffic(run, {}, (scene) => skewClocks(scene, { skewMs: 600_000, count: 1_500 })),
};

/** `count`: purchases to be made while the clocks differ. */
export async function skewClocks(
  { landscape, purchases, note, run }: Misfortune,
  { skewMs, count }: { readonly skewMs: number; readonly count: number },
): Promise<void> {
  const replaced: readonly Service[] = ['inventory', 'orders', 'channels'];
  for (const [index, service] of replaced.entries()) {
    const [old] = landscape.of(service);
    if (!old) throw new Error(`No process of ${service} runs.`);
    const ahead = index % 2 === 0 ? skewMs : -skewMs;
    await landscape.start(service, old.role, { NODE_OPTIONS: `--import ${SKEWED.href}`, SKEW_MS: String(ahead) });
    await old.kill();
    run.progress(`${service} (${old.role}) runs with a clock ${ahead / 1_000} s off`);
  }
  await purchases(count);
  note({ skewMs, skewedProcesses: replaced.length });
}

const SKEWED = new URL(`./support/skewed-clock${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
