import { Rejected } from '#kernel';
import { Shutdown } from '#platform';
import {
  DatabaseError,
  type ProjectionRunner,
  type ReadModels,
  Retries,
  superviseLoop,
  waitForView,
} from '#read-models';
import type { ChannelSettings } from '../../channel/channel.js';
import { type ChannelRow, channelsTable } from './channels.projection.js';

/** A channel as this process knows it. */
export interface KnownChannel {
  readonly settings: ChannelSettings;
  readonly pausedBecause?: string;
  readonly closedBecause?: string;
  /** Revision of the last change of its settings or state. */
  readonly revision: number;
}

/** All channels, in memory. Follows its view: at once after a command of this process, within a second otherwise. */
export class ChannelDirectory {
  readonly #listeners = new Set<() => void>();
  #channels: ReadonlyMap<string, KnownChannel> = new Map();

  constructor(
    private readonly readModels: ReadModels,
    private readonly runner: ProjectionRunner,
    private readonly shutdown: Shutdown,
  ) {}

  async start(): Promise<void> {
    await this.refresh();
    const done = this.#follow(this.shutdown.signal);
    this.shutdown.onShutdown('the channel directory', () => done);
  }

  all(): readonly KnownChannel[] {
    return [...this.#channels.values()];
  }

  /** Throws `Rejected` when there is no such channel. */
  get(channel: string): KnownChannel {
    const known = this.#channels.get(channel);
    if (!known)
      throw new Rejected(
        'not-found',
        'unknown-channel',
        `There is no channel ${channel}. Register it with PUT /v1/channels/${channel}.`,
      );
    return known;
  }

  /** `listener` is called after channels may have changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves when this process knows of every change up to a position. Throws `NotCaughtUp` after 10 s. */
  async waitFor(position: number): Promise<void> {
    await this.runner.waitFor(position, 10_000);
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const rows = await this.#rows();
    this.#channels = new Map(rows.map((row) => [row.channel, knownOf(row)]));
    for (const listener of this.#listeners) listener();
  }

  #follow(signal: AbortSignal): Promise<void> {
    return superviseLoop(signal, {
      retries: new Retries(this.readModels, { work: 'the channel directory' }, { backoffMsMin: REFRESH_MS }),
      failed: 'the channels could not be read, will retry',
      turn: async () => {
        await this.refresh();
        return REFRESH_MS_MAX;
      },
      wait: waitForView(this.runner, REFRESH_MS),
    });
  }

  async #rows(): Promise<ChannelRow[]> {
    try {
      return await this.readModels.query<ChannelRow>(
        `select ${channelsTable.select()} from view_channels.channel order by channel`,
      );
    } catch (error) {
      // Before the view was made for the first time there is no channel either.
      if (error instanceof DatabaseError && error.code === UNDEFINED_TABLE) return [];
      throw error;
    }
  }
}

const REFRESH_MS = 1_000;
/** Also when the view has not moved. */
const REFRESH_MS_MAX = 600_000;
const UNDEFINED_TABLE = '42P01';

const knownOf = ({ settings, pausedBecause, closedBecause, revision }: ChannelRow): KnownChannel => ({
  settings,
  revision,
  ...(pausedBecause !== null && { pausedBecause }),
  ...(closedBecause !== null && { closedBecause }),
});
