import { type AvailabilityFeed } from '#contracts';
import { byItself, WakeSignal } from '#event-sourcing';
import type { Clock } from '#kernel';
import { type CheckResult, HealthChecks, Shutdown } from '#platform';
import { FailingItems, type ReadModels, Retries, Runners, reasonOf, superviseLoop } from '#read-models';
import { ChannelMetrics } from './channel-metrics.js';
import { ChannelReach } from './channel-reach.js';
import type { ChannelConnector } from './connectors/connector.js';
import { ConnectorRegistry } from './connectors/connector-registry.js';
import { DriftChecks } from './drift/drift-checks.js';
import { ChannelSales } from './intake/channel-sales.js';
import { IntakeWorker } from './intake/intake-worker.js';
import { ParkedSales } from './intake/parked-sales.js';
import { type ChannelsOptions } from './options.js';
import { whenChannelClosesEndItsOffers } from './processes/when-channel-closes-end-its-offers/when-channel-closes-end-its-offers.js';
import { whenListingChangesPushItsStock } from './processes/when-listing-changes-push-its-stock/when-listing-changes-push-its-stock.js';
import { ChannelGate } from './push/channel-gate.js';
import { ChannelPusher } from './push/channel-pusher.js';
import { FeedFollower } from './push/feed-follower.js';
import { PushLedger } from './push/push-ledger.js';
import { Pushers } from './push/pushers.js';
import { ChannelDirectory, type KnownChannel } from './views/channels/channel-directory.js';

/**
 * Everything that goes on in the background: intake, polls, the feed, pushes, drift checks. One process at a time does
 * it, the one that holds the lease; another takes over when that ends or loses its connection.
 */
export class ChannelSupervisor {
  readonly #wakeSignal = new WakeSignal();
  readonly #channels = new Map<string, Running>();
  readonly #retries: Retries;
  readonly #polls: FailingItems;
  readonly #driftChecks: FailingItems;
  #follower: FeedFollower | undefined;
  #state: 'standby' | 'working' = 'standby';

  constructor(
    private readonly readModels: ReadModels,
    private readonly runners: Runners,
    private readonly clock: Clock,
    private readonly feed: AvailabilityFeed,
    private readonly options: ChannelsOptions,
    private readonly directory: ChannelDirectory,
    private readonly connectors: ConnectorRegistry,
    private readonly ledger: PushLedger,
    private readonly pushers: Pushers,
    private readonly intakeWorker: IntakeWorker,
    private readonly sales: ChannelSales,
    private readonly reach: ChannelReach,
    private readonly parked: ParkedSales,
    private readonly drift: DriftChecks,
    private readonly metrics: ChannelMetrics,
    private readonly shutdown: Shutdown,
    health: HealthChecks,
  ) {
    const { log } = readModels;
    this.#retries = new Retries(readModels, { work: 'channels' });
    this.#polls = new FailingItems(log, (channel) => ({ channel }));
    this.#driftChecks = new FailingItems(log, (channel) => ({ channel }));
    health.add('channels', () => this.#check());
    this.directory.onChange(() => this.#wakeSignal.notify());
  }

  start(): void {
    if (!this.runners.works) return;
    const done = this.#run(this.shutdown.signal);
    this.shutdown.onShutdown('the work on channels', () => done);
  }

  /** Degraded while channels cannot be read, or the feed or some SKUs of it cannot be taken over. */
  #check(): CheckResult {
    const troubles = {
      ...(this.#retries.error !== undefined && { work: this.#retries.error }),
      ...listed('polls', this.#polls.failing),
      ...listed('driftChecks', this.#driftChecks.failing),
      ...listed('feed', this.#follower?.failing ?? {}),
    };
    return {
      healthy: true,
      ...(Object.keys(troubles).length > 0 && { degraded: true }),
      detail: { state: this.#state, channels: this.#channels.size, ...troubles },
    };
  }

  #run(stopping: AbortSignal): Promise<void> {
    return superviseLoop(stopping, {
      retries: this.#retries,
      failed: 'the work on channels broke off, will retry',
      wakeSignal: this.#wakeSignal,
      lease: { leases: this.readModels.leases, name: 'channels.work', standbyMs: this.options.standbyMs },
      turn: async (signal) => {
        this.#state = 'working';
        try {
          await this.#retries.lasting(() => this.#work(signal));
        } finally {
          this.#state = 'standby';
        }
        return this.options.standbyMs;
      },
    });
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { readModels, feed, ledger, pushers } = this;
    const reactions = [
      this.runners.workOn(whenListingChangesPushItsStock(ledger, pushers)),
      this.runners.workOn(whenChannelClosesEndItsOffers(ledger, pushers)),
    ];
    const follower = new FeedFollower({
      feed,
      ledger,
      onWanted: (wanted) => pushers.want(wanted),
      onInterrupted: () => pushers.rereadAll(),
      readModels,
    });
    this.#follower = follower;
    for (const reaction of reactions) reaction.start();
    try {
      await Promise.all([
        this.intakeWorker.run(signal),
        this.#retryUnreadable(signal),
        follower.run(signal),
        this.#tendChannels(signal),
      ]);
    } finally {
      await Promise.all(reactions.map((reaction) => reaction.stop()));
    }
  }

  /** Once: a version that understands more may have been started. */
  async #retryUnreadable(signal: AbortSignal): Promise<void> {
    await this.parked.retryUnreadable(signal).catch((error: unknown) => {
      this.readModels.log.warn({ err: error }, 'parked messages could not be read again');
    });
  }

  /** Starts, restarts and stops the loops of each channel as the directory says. */
  async #tendChannels(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const known = new Map(this.directory.all().map((channel) => [channel.settings.channel, channel]));
      for (const [name, running] of this.#channels) if (running.key !== keyOf(known.get(name))) await this.#stop(name);
      for (const [name, channel] of known) if (!this.#channels.has(name)) this.#start(name, channel, signal);
      await this.#wakeSignal.wait(TEND_MS, signal);
    }
    await Promise.all([...this.#channels.keys()].map((name) => this.#stop(name)));
  }

  #start(name: string, channel: KnownChannel, parent: AbortSignal): void {
    const connector = this.#connectorOf(channel);
    const stop = new AbortController();
    const signal = AbortSignal.any([parent, stop.signal]);
    const loops = connector ? this.#loopsOf(name, channel, connector, signal) : [];
    this.#channels.set(name, { key: keyOf(channel), stop, done: Promise.all(loops) });
  }

  async #stop(name: string): Promise<void> {
    const running = this.#channels.get(name);
    running?.stop.abort();
    await running?.done;
    this.#channels.delete(name);
    this.pushers.remove(name);
  }

  #loopsOf(
    name: string,
    { settings, pausedBecause, closedBecause }: KnownChannel,
    connector: ChannelConnector,
    signal: AbortSignal,
  ): Promise<void>[] {
    const { capabilities } = connector;
    const { pollOrdersMs, driftCheckMs } = this.options;
    const loops: Promise<void>[] = [];
    const reading = closedBecause === undefined ? always(signal) : this.#untilLeftAlone(name, signal);
    if (capabilities.pullsOrders)
      loops.push(
        this.#every(pollOrdersMs, 'at-once', reading.signal, name, this.#polls, () =>
          reading.whileDue(() => this.#poll(name, connector, signal)),
        ),
      );
    if (pausedBecause !== undefined) return loops;
    const pusher = this.#pusherOf(name, settings.pushesPerSecond, connector);
    this.pushers.add(name, pusher);
    loops.push(pusher.run(signal));
    if (capabilities.readsStock && driftCheckMs > 0)
      loops.push(
        this.#every(driftCheckMs, 'later', reading.signal, name, this.#driftChecks, () =>
          reading.whileDue(() => this.#checkDrift(name)),
        ),
      );
    return loops;
  }

  /** A sale from before the channel closed, or a number, may still be on its way; after that another system may have the channel. */
  #untilLeftAlone(name: string, signal: AbortSignal): Reading {
    const leftAlone = new AbortController();
    return {
      signal: AbortSignal.any([signal, leftAlone.signal]),
      whileDue: async (read) => {
        const nowMs = this.clock.now();
        if (await this.ledger.isClosedSince(name, nowMs - READ_CLOSED_MS)) leftAlone.abort();
        else await read();
      },
    };
  }

  #pusherOf(channel: string, requestsPerSecond: number, connector: ChannelConnector): ChannelPusher {
    const { ledger, clock, metrics, options } = this;
    const { openAfterFailures, openMs, random } = options;
    return new ChannelPusher({
      channel,
      connector,
      gate: new ChannelGate({ requestsPerSecond, openAfterFailures, openMs, random }),
      ledger,
      observer: metrics,
      clock,
      readModels: this.readModels,
      random,
      maxInMemory: options.maxDueInMemory,
      rereadMs: options.rereadLedgerMs,
      readSales: (signal) => this.sales.readUp(channel, connector, signal),
      reach: {
        succeeded: () => this.reach.succeeded(channel, 'push numbers'),
        failed: (reason) => this.reach.failed(channel, 'push numbers', reason),
      },
    });
  }

  async #poll(channel: string, connector: ChannelConnector, signal: AbortSignal): Promise<void> {
    this.metrics.pulled(channel, await this.sales.pull(channel, connector, signal));
  }

  async #checkDrift(channel: string): Promise<void> {
    await this.drift.check(channel, byItself('drift-check', this.clock.now()));
  }

  /** The pause varies by a tenth, so that channels registered together do not stay in step. */
  async #every(
    intervalMs: number,
    first: 'at-once' | 'later',
    signal: AbortSignal,
    channel: string,
    failing: FailingItems,
    work: () => Promise<void>,
  ): Promise<void> {
    const wakeSignal = new WakeSignal();
    const pause = () => wakeSignal.wait(intervalMs * (0.95 + 0.1 * this.options.random()), signal);
    if (first === 'later') await pause();
    while (!signal.aborted) {
      try {
        await work();
        failing.succeeded(channel);
      } catch (error) {
        if (!signal.aborted) failing.failed(channel, error, 'a channel could not be read, will retry');
      }
      await pause();
    }
    failing.forget(channel);
  }

  #connectorOf({ settings }: KnownChannel): ChannelConnector | undefined {
    try {
      const connector = this.connectors.of(settings);
      this.reach.succeeded(settings.channel, 'use its connector');
      return connector;
    } catch (error) {
      this.reach.failed(settings.channel, 'use its connector', reasonOf(error));
      this.readModels.log.warn({ err: error, channel: settings.channel }, 'a channel cannot be served');
      return undefined;
    }
  }
}

interface Running {
  readonly key: string;
  readonly stop: AbortController;
  readonly done: Promise<unknown>;
}

/** For how long a channel is read, and until when. */
interface Reading {
  readonly signal: AbortSignal;
  whileDue(read: () => Promise<void>): Promise<void>;
}

const always = (signal: AbortSignal): Reading => ({ signal, whileDue: (read) => read() });

/** A closed channel that shows nothing any more is read for so long after it was closed. */
const READ_CLOSED_MS = 3_600_000;

const TEND_MS = 600_000;

const keyOf = (channel: KnownChannel | undefined): string => JSON.stringify(channel ?? null);

const SHOWN = 20;

/** How many fail, and the first of them with the reason. */
function listed(name: string, failing: Readonly<Record<string, string>>): object {
  const all = Object.entries(failing);
  return all.length === 0 ? {} : { [name]: { failing: all.length, ...Object.fromEntries(all.slice(0, SHOWN)) } };
}
