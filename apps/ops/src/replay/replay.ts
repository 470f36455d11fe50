import { basename, join } from 'node:path';
import { JsonClient } from '#client';
import {
  type Progress as Bar,
  formatNumber,
  formatSeconds,
  startProgress,
  type Terminal,
  writeLine,
} from '../console/terminal.js';
import { ResultFile } from '../csv/result-file.js';
import { readStatus, type SystemStatus, waitUntilCaughtUp } from '../system/caught-up.js';
import type { StartSystem } from '../system/system.js';
import { type SystemInUse, useSystem } from '../system/use-system.js';
import { UsageError } from '../usage-error.js';
import { type OpenShop, openChannels } from './channels.js';
import { Cursor, type Progress } from './cursor.js';
import { chooseMapping, loadMapping, type Mapping } from './mapping.js';
import type { OpeningItem } from './opening-stock.js';
import { fileIdOf, headerOf, type SalesFile, stepsOf, surveyFile } from './plan-file.js';
import type { PlanTotals } from './plan-totals.js';
import { figuresSince, type PushCounts, readPushCounts, waitUntilPushed } from './pushes.js';
import { type StepAnswers, StepSender } from './send-steps.js';
import { setUp } from './set-up.js';

export interface ReplayOptions {
  readonly dataDir: string;
  readonly file: string;
  /** A mapping file; without it the one in `mappingsFolder` that fits the header. */
  readonly mapping?: string | undefined;
  readonly mappingsFolder: string;
  /** Send everything once more, to see that it changes nothing. */
  readonly again: boolean;
  /** Sell on channels of the simulated shop, which get every number; without, sales are recorded and nothing is pushed. */
  readonly channels: boolean;
  readonly openShop: OpenShop;
  readonly startSystem: StartSystem;
  readonly terminal: Terminal;
  /** Ends the replay after the requests in flight; a later call goes on from there. */
  readonly signal: AbortSignal;
}

export interface ReplayResult {
  /** `changed`: a file that had been replayed was sent again, and something of it was taken a second time. */
  readonly outcome: 'replayed' | 'already-replayed' | 'changed' | 'stopped';
  readonly totals: PlanTotals;
  readonly items: readonly OpeningItem[];
  /** What the system answered over all runs of this replay, by outcome. */
  readonly answers: Readonly<Record<string, number>>;
  readonly refused: number;
}

/**
 * Sends a sales file through the REST API: set-up, then every sale, return and correction in the order of the file, then
 * waits until all views have them. Goes on where an earlier call stopped. See the README for the rules.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const startedAt = performance.now();
  const file = await describeFile(options);
  // A system of our own sets up its database while the file is read.
  const starting = useSystem(options.dataDir, options.startSystem, { needsShop: options.channels });
  try {
    const [{ rows, totals, opening }, system] = await Promise.all([surveyFile(file), starting]);
    return await new Replay(options, startedAt, file, rows, totals, opening.items(), opening.earliestMs, system).run();
  } finally {
    await (await starting).stop();
  }
}

async function describeFile({ file, mapping, mappingsFolder }: ReplayOptions): Promise<SalesFile> {
  const chosen =
    mapping === undefined ? await chooseMapping(mappingsFolder, await headerOf(file)) : await loadMapping(mapping);
  return { path: file, fileId: await fileIdOf(file), mapping: chosen };
}

class Replay {
  readonly #api: JsonClient;
  readonly #mapping: Mapping;
  #refused = 0;
  #takenBySetUp = 0;

  constructor(
    private readonly options: ReplayOptions,
    private readonly startedAt: number,
    private readonly file: SalesFile,
    private readonly rows: number,
    private readonly totals: PlanTotals,
    private readonly items: readonly OpeningItem[],
    private readonly openedAtMs: number,
    private readonly system: SystemInUse,
  ) {
    this.#api = new JsonClient(system.httpUrl);
    this.#mapping = file.mapping;
  }

  async run(): Promise<ReplayResult> {
    const { dataDir, again, terminal } = this.options;
    const cursor = await Cursor.open(dataDir, this.file.fileId, this.#mapping);
    const before = await readStatus(this.#api);
    const known = believable(cursor.progress, before);
    const stored = again ? undefined : known;
    if (stored?.done) return this.#alreadyDone(stored);
    this.#announce(stored);
    try {
      if (this.options.channels) await this.#openChannels();
      const pushedBefore = await this.#pushCounts();
      const begun = await this.#setUp(cursor, stored);
      const reached = await this.#sendAll(cursor, begun);
      if (!reached.done) {
        writeLine(
          terminal,
          `Stopped after ${formatNumber(reached.rowsRead)} of ${formatNumber(this.rows)} rows. The same command goes on from there.`,
        );
        return this.#result('stopped', reached);
      }
      const status = await this.#waitForViews();
      await this.#waitForPushes();
      await cursor.save({ ...reached, head: status.head });
      this.#summarise(reached, status, status.head - before.head, reached.rowsRead - (stored?.rowsRead ?? 0));
      this.#tellPushes(pushedBefore, await this.#pushCounts());
      return this.#result(this.#toldAgain(known, reached), reached);
    } catch (error) {
      const progress = cursor.progress;
      if (!this.options.signal.aborted || !progress) throw error;
      writeLine(terminal, 'Stopped. The same command goes on from there.');
      return this.#result('stopped', progress);
    }
  }

  /** Whether sending a known file again has changed anything; says so. */
  #toldAgain(known: Progress | undefined, { answers }: Progress): 'replayed' | 'changed' {
    if (!this.options.again || !known?.done) return 'replayed';
    const taken = this.#takenBySetUp + (answers['sales recorded'] ?? 0) + (answers['movements recorded'] ?? 0);
    const sentence =
      taken === 0
        ? 'Sent again, it changed nothing.'
        : `Sent again, ${formatNumber(taken)} entries were taken a second time.`;
    writeLine(this.options.terminal, sentence);
    return taken === 0 ? 'replayed' : 'changed';
  }

  #alreadyDone(stored: Progress): ReplayResult {
    writeLine(
      this.options.terminal,
      `${this.file.path} was replayed before, all ${formatNumber(stored.rows)} rows; nothing was sent. --again sends it once more.`,
    );
    return this.#result('already-replayed', stored);
  }

  #announce(stored: Progress | undefined): void {
    const { terminal } = this.options;
    const short = this.items.filter(({ runsShort }) => runsShort).length;
    writeLine(
      terminal,
      `${this.file.path}: ${formatNumber(this.rows)} rows, ${formatNumber(this.totals.sales)} sales of ${formatNumber(this.items.length)} SKUs; ${short} of them will run short.`,
    );
    writeLine(
      terminal,
      this.system.isOurs
        ? 'No system runs on this data directory: using one of our own.'
        : `Using the system at ${this.system.httpUrl}.`,
    );
    if (stored) writeLine(terminal, `Going on after row ${formatNumber(stored.rowsRead)}.`);
  }

  async #openChannels(): Promise<void> {
    const { shopUrl, httpUrl } = this.system;
    if (shopUrl === undefined)
      throw new UsageError(
        `The system at ${httpUrl} runs without the simulated shop. End it, and this command starts both; or say --no-channels.`,
      );
    const shop = await this.options.openShop(shopUrl, this.options.signal);
    await openChannels(this.#api, shop, shopUrl, this.#mapping, this.items);
  }

  #pushCounts(): Promise<PushCounts> {
    return this.options.channels ? readPushCounts(this.#api) : Promise.resolve(new Map());
  }

  async #setUp(cursor: Cursor, stored: Progress | undefined): Promise<Progress> {
    if (stored?.setUp) return stored;
    const { terminal, signal } = this.options;
    const begun: Progress = {
      file: basename(this.file.path),
      rows: this.rows,
      setUp: false,
      steps: 0,
      rowsRead: 0,
      done: false,
      answers: {},
      head: 0,
    };
    await cursor.save(begun);
    const bar = startProgress(terminal, 'Catalogue and opening stock', this.items.length);
    try {
      const openedAtMs = Number.isFinite(this.openedAtMs) ? this.openedAtMs : 0;
      this.#takenBySetUp = await setUp(this.#api, this.#mapping, this.file.fileId, this.items, {
        openedAtMs,
        onProgress: (items) => bar.update(items),
        signal,
      });
    } finally {
      bar.end();
    }
    const { head } = await waitUntilCaughtUp(this.#api, { signal });
    const ready = { ...begun, setUp: true, head };
    await cursor.save(ready);
    return ready;
  }

  async #sendAll(cursor: Cursor, begun: Progress): Promise<Progress> {
    const { terminal, signal } = this.options;
    const name = basename(this.file.path);
    const folder = join(this.options.dataDir, 'replay');
    const rejected = new ResultFile(join(folder, `${name}.rejected.csv`), false);
    const refused = new ResultFile(join(folder, `${name}.refused.csv`), begun.steps > 0);
    const bar = startProgress(terminal, 'Replaying', this.rows);
    let reached = begun;
    let isComplete = true;
    const sender = new StepSender(this.#api, async (step, rowsRead, answers) => {
      await refused.add(answers.refused);
      reached = { ...reached, steps: step.number, rowsRead, answers: added(reached.answers, answers) };
      await cursor.save(reached);
      bar.update(rowsRead, `| ${formatNumber((rowsRead - begun.rowsRead) / this.#seconds())} rows/s`);
    });
    try {
      for await (const { step, rowsRead } of stepsOf(this.file)) {
        await rejected.add(step.rejected);
        if (step.number <= begun.steps) continue;
        isComplete = !signal.aborted;
        if (!isComplete) break;
        await sender.send(step, rowsRead);
      }
      await sender.drain();
    } finally {
      bar.end();
      await rejected.close();
      await refused.close();
    }
    if (!isComplete) return reached;
    const { head } = await readStatus(this.#api);
    reached = { ...reached, rowsRead: this.rows, done: true, head };
    await cursor.save(reached);
    this.#refused = refused.written;
    this.#tell(rejected, refused);
    return reached;
  }

  #tell(rejected: ResultFile, refused: ResultFile): void {
    const { terminal } = this.options;
    if (rejected.written > 0)
      writeLine(terminal, `${formatNumber(rejected.written)} rows could not be used: ${rejected.path}`);
    if (refused.written > 0)
      writeLine(terminal, `${formatNumber(refused.written)} entries were refused by the system: ${refused.path}`);
  }

  async #waitForViews(): Promise<SystemStatus> {
    const { head } = await readStatus(this.#api);
    const bar = startProgress(this.options.terminal, 'Views catching up', head);
    try {
      return await waitUntilCaughtUp(this.#api, {
        onStatus: ({ runners }) => bar.update(Math.min(head, ...runners.map(({ position }) => position))),
        signal: this.options.signal,
      });
    } finally {
      bar.end();
    }
  }

  async #waitForPushes(): Promise<void> {
    if (!this.options.channels) return;
    const channels = this.#mapping.channels.map(({ channel }) => channel);
    let bar: Bar | undefined;
    try {
      await waitUntilPushed(this.#api, channels, {
        onWaiting: (waiting, most) => {
          bar ??= startProgress(this.options.terminal, 'Channels taking the last numbers', most);
          bar.update(most - waiting);
        },
        signal: this.options.signal,
      });
    } finally {
      bar?.end();
    }
  }

  #tellPushes(before: PushCounts, after: PushCounts): void {
    if (!this.options.channels) return;
    writeLine(this.options.terminal, 'Numbers pushed per channel, every one acknowledged:');
    for (const { channel } of this.#mapping.channels) {
      const { pushes, requests, p50Ms, p99Ms } = figuresSince(before.get(channel), after.get(channel));
      writeLine(
        this.options.terminal,
        `  ${formatNumber(pushes).padStart(11)} ${channel.padEnd(16)} in ${formatNumber(requests)} requests; lag p50 ${formatNumber(p50Ms)} ms, p99 ${formatNumber(p99Ms)} ms`,
      );
    }
  }

  #summarise({ answers }: Progress, { memoryBytes, runners }: SystemStatus, events: number, rows: number): void {
    const { terminal } = this.options;
    const seconds = this.#seconds();
    for (const line of accountOf(this.rows, this.totals, answers)) writeLine(terminal, line);
    writeLine(
      terminal,
      `${formatNumber(rows)} rows and ${formatNumber(events)} new events in ${formatSeconds(seconds * 1_000)}, views caught up: ${formatNumber(rows / seconds)} rows/s, ${formatNumber(events / seconds)} events/s.`,
    );
    writeLine(terminal, this.#memory(memoryBytes));
    for (const { name, parked } of runners) {
      if (parked > 0)
        writeLine(terminal, `${name} has put ${formatNumber(parked)} events aside that it could not handle.`);
    }
  }

  #memory(systemBytes: number): string {
    const ours = `${formatNumber(process.resourceUsage().maxRSS / 1_024)} MiB at most`;
    return this.system.isOurs
      ? `Memory, system included: ${ours}.`
      : `Memory: ${ours} here, ${formatNumber(systemBytes / 1_048_576)} MiB now in the system.`;
  }

  #seconds(): number {
    return (performance.now() - this.startedAt) / 1_000;
  }

  #result(outcome: ReplayResult['outcome'], { answers }: Progress): ReplayResult {
    return { outcome, totals: this.totals, items: this.items, answers, refused: this.#refused };
  }
}

/** A cursor that knows of more events than there are belongs to a log that is gone. */
const believable = (progress: Progress | undefined, { head }: SystemStatus): Progress | undefined =>
  progress && progress.head <= head ? progress : undefined;

function added(sum: Readonly<Record<string, number>>, { counts }: StepAnswers): Record<string, number> {
  const result = { ...sum };
  for (const [outcome, count] of Object.entries(counts)) result[outcome] = (result[outcome] ?? 0) + count;
  return result;
}

function accountOf(rows: number, totals: PlanTotals, answers: Readonly<Record<string, number>>): string[] {
  const lines: [label: string, count: number, detail: string][] = [
    ['sale lines', totals.saleLines, `in ${formatNumber(totals.sales)} sales`],
    ['return lines', totals.returnLines, `${formatNumber(totals.returnedUnits)} units`],
    ['adjustment lines', totals.adjustmentLines, `${formatNumber(totals.adjustedUnits)} units`],
    [
      'other lines',
      totals.otherLineCount,
      [...totals.otherLines].map(([label, count]) => `${label} ${formatNumber(count)}`).join(', '),
    ],
    ['rejected rows', totals.rejectedRows, ''],
  ];
  return [
    `${formatNumber(rows)} rows =`,
    ...lines.map(([label, count, detail]) =>
      `  ${formatNumber(count).padStart(11)} ${label.padEnd(16)} ${detail}`.trimEnd(),
    ),
    'Units sold per channel:',
    ...Array.from(
      totals.channels,
      ([channel, { sales, units }]) =>
        `  ${formatNumber(units).padStart(11)} ${channel.padEnd(16)} in ${formatNumber(sales)} sales`,
    ),
    `Answers: ${Object.entries(answers)
      .map(([outcome, count]) => `${outcome} ${formatNumber(count)}`)
      .join(', ')}.`,
  ];
}
