import { writeSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { noteShown, shownBy } from './bugs/shown-by.js';
import { openSeams, type PlantedBug, plant } from './kit/planting.js';
import { startMachinery } from './machinery.js';
import type { SeedResult } from './run-seed.js';

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly trace: boolean;
  readonly verbose: boolean;
  readonly brief: boolean;
  readonly calm?: number;
  readonly bug?: readonly string[];
  readonly note: boolean;
}

const {
  seeds,
  from,
  seed,
  trace,
  verbose,
  brief,
  calm: calmDays,
  bug,
  note,
} = new Command('simulate')
  .description('Runs whole worlds from seeds: the system with a simulated clock, network, disk, shops and people.')
  .option('--seeds <count>', 'how many seeds at most', whole, 100)
  .option('--from <seed>', 'the first one', whole, 1)
  .option('--seed <seed>', 'this one only', whole)
  .option('--trace', 'print every event', false)
  .option('--brief', 'a quarter of the life for every seed, for more of them', false)
  .option('--calm <days>', 'whole days awake at the pace of a small retailer instead of a storm', whole)
  .option('--verbose', 'print a line for every seed', false)
  .option('--bug [names...]', 'with a planted bug, each until it is found; all when none is named')
  .option('--note', 'note the seed that shows each bug: it is tried first from then on', false)
  .parse()
  .opts<Options>();

const DAY_MS = 86_400_000;
/** By the seed: whether the system without a bug breaks no invariant. */
const sound = new Map<number, boolean>();
const machinery = await startMachinery();
if (bug !== undefined) openSeams();
const { prepareBeginning, runSeed } = await import('./run-seed.js');
const beginning = await prepareBeginning(machinery);
if (trace) machinery.scheduler.onTrace = say;
process.exit(bug === undefined ? await runSystem() : await runBugs());

/** The system as it is, over all seeds. */
async function runSystem(): Promise<number> {
  const startedAtMs = realMs();
  const processorSeconds = stopwatch();
  const results: SeedResult[] = [];
  for (const each of numbers()) {
    const result = await runSeed(machinery, beginning, each, { brief, ...(calmDays !== undefined && { calmDays }) });
    results.push(result);
    if (result.failure) tell(result);
    else if (verbose || seed !== undefined) say(`seed ${each}: ${result.hash}, ${result.events} events`);
  }
  const tookMs = Math.max(1, realMs() - startedAtMs);
  const failed = results.filter(({ failure }) => failure).length;
  const sum = (value: (result: SeedResult) => number): number =>
    results.reduce((total, each) => total + value(each), 0);
  say(
    `${results.length} seeds, ${failed} failed; ${((results.length * 60_000) / tookMs).toFixed(0)} per minute; ` +
      `${(sum(({ simulatedMs }) => simulatedMs) / DAY_MS).toFixed(1)} simulated days, ` +
      `${(sum(({ awakeMs }) => awakeMs) / 3_600_000).toFixed(2)} hours of them awake, in ${(tookMs / 1_000).toFixed(0)} s ` +
      `(${processorSeconds().toFixed(0)} s of processor time)`,
  );
  return failed > 0 ? 1 : 0;
}

/** Each bug over the seeds until one of them breaks an invariant. A line of JSON per bug. */
async function runBugs(): Promise<number> {
  const { plantedBugs } = await import('./bugs/index.js');
  const known = shownBy();
  const chosen = Array.isArray(bug) ? plantedBugs.filter(({ name }) => bug.includes(name)) : plantedBugs;
  let missed = 0;
  for (const planted of chosen) {
    // Where the code has changed a seam may be gone; that must not keep the other bugs from being looked for.
    const found = await find(planted, known[planted.name]?.seed).catch((error: unknown) => String(error));
    const { result, tried } = typeof found === 'object' ? found : { tried: seeds };
    if (!result) missed += 1;
    const { failure, seed: at } = result ?? {};
    if (note && result && failure) noteShown(planted.name, { seed: result.seed, invariant: failure.invariant });
    say(
      JSON.stringify({
        bug: planted.name,
        found: result !== undefined,
        seeds: tried,
        seed: at,
        invariant: failure?.invariant,
        message: typeof found === 'string' ? found : failure?.message.slice(0, 300),
      }),
    );
  }
  return missed > 0 ? 1 : 0;
}

/** Tries the seed `first` before the others. */
async function find(
  planted: PlantedBug,
  first: number | undefined,
): Promise<{ result: SeedResult; tried: number } | undefined> {
  plant(planted)();
  let tried = 0;
  for (const each of numbers(first)) {
    const remove = plant(planted);
    const result = await runSeed(machinery, beginning, each).finally(remove);
    tried += 1;
    if (result.failure && (await isSound(each))) return { result, tried };
  }
  return undefined;
}

/** False where the system breaks an invariant without a bug: then it is not the bug that does. */
async function isSound(each: number): Promise<boolean> {
  const known = sound.get(each) ?? (await runSeed(machinery, beginning, each)).failure === undefined;
  sound.set(each, known);
  return known;
}

function* numbers(first?: number): Generator<number> {
  if (seed !== undefined) yield seed;
  else {
    if (first !== undefined && seeds > 0) yield first;
    for (let each = from; each < from + seeds; each += 1) if (each !== first) yield each;
  }
}

function tell({ seed: at, failure }: SeedResult): void {
  say(`seed ${at} breaks an invariant at step ${failure?.step}\n  ${failure?.message}`);
  say(
    `  again: npm run simulate -- --seed ${at} ${brief ? '--brief ' : ''}${calmDays === undefined ? '' : `--calm ${calmDays} `}--trace`,
  );
}

/** Written at once: this process has no event loop of its own any more. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Give a whole number.');
  return Number(text);
}

/** Of this process, compilation beside it included, since the call. */
function stopwatch(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000_000;
  };
}

function realMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
