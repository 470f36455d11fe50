// The whole system as `npm start` runs it, and callers within its process, who send commands to its command runner as fast
// as they are answered: through HTTP a million of them would take an hour.

import { flushCompileCache } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { CommandRunner, WriterFenced } from '#event-sourcing';
import { Rejected } from '#kernel';
import { endOnSignals, loadConfig, Shutdown } from '#platform';
import { PinoLogger, runMain } from '#platform/host';
import type { StockCommand } from '../../../apps/inventory/src/stock/stock.decide.js';
import { stockDecider } from '../../../apps/inventory/src/stock/stock.decider.js';
import { startStandalone } from '../../../apps/standalone/src/start-standalone.js';
import { CALLERS, commandIdOf, commandOf, metadataOf, PROBE_SKU, probeIdOf, reserve, skuOf } from './commands.js';
import type { Order, Report } from './messages.js';

class Callers {
  #resting = new AbortController();
  #working: Promise<unknown> = Promise.resolve();
  #pairs: number[] = [];

  constructor(private readonly runner: CommandRunner) {}

  load(acknowledgedBy: readonly number[]): void {
    this.#resting = new AbortController();
    const { signal } = this.#resting;
    const callers = Array.from({ length: CALLERS }, (_, caller) =>
      this.#call(caller, acknowledgedBy[caller] ?? 0, signal),
    );
    this.#working = Promise.all(callers);
  }

  async rest(): Promise<void> {
    this.#resting.abort();
    await this.#working;
    this.#tell();
    report({ type: 'resting' });
  }

  async probe(id: string): Promise<void> {
    if (await this.#insist(PROBE_SKU, reserve(id), probeIdOf(id))) report({ type: 'probed', id });
  }

  async #call(caller: number, acknowledged: number, resting: AbortSignal): Promise<void> {
    for (let n = acknowledged + 1; !resting.aborted; n += 1) {
      if (!(await this.#insist(skuOf(caller), commandOf(caller, n), commandIdOf(caller, n)))) return;
      if (this.#pairs.length === 0) setImmediate(() => this.#tell());
      this.#pairs.push(caller, n);
    }
  }

  #tell(): void {
    if (this.#pairs.length > 0) report({ type: 'acknowledged', pairs: this.#pairs });
    this.#pairs = [];
  }

  /** Sends a command until it is acknowledged. False when it never will be. */
  async #insist(sku: string, command: StockCommand, commandId: string): Promise<boolean> {
    for (;;) {
      try {
        await this.runner.execute({ on: stockDecider, id: sku, command, metadata: metadataOf(commandId) });
        return true;
      } catch (error) {
        if (error instanceof WriterFenced) return false;
        if (error instanceof Rejected) {
          report({ type: 'wrong', sentence: `${commandId} was refused: ${error.message}` });
          return false;
        }
        report({ type: 'refused', code: codeOf(error) });
        await delay(AGAIN_MS);
      }
    }
  }
}

const AGAIN_MS = 50;

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? `${error.name} ${error.code}` : error.name;
}

function report(message: Report): void {
  // The listener may be gone already; then this process ends as well.
  if (process.connected) process.send?.(message);
}

await runMain(async () => {
  process.once('disconnect', () => process.exit(1));
  const config = loadConfig();
  Logger.overrideLogger(new PinoLogger(config.logLevel));
  const shutdown = new Shutdown();
  endOnSignals(shutdown);
  const { app, httpUrl } = await startStandalone(config, shutdown);
  const callers = new Callers(app.get(CommandRunner, { strict: false }));
  // Orders that came in meanwhile wait in the channel until a process listens.
  process.on('message', (order: Order) => {
    if (order.type === 'load') callers.load(order.acknowledgedBy);
    else if (order.type === 'rest') void callers.rest();
    else void callers.probe(order.id);
  });
  report({ type: 'ready', httpUrl });
  flushCompileCache();
});
