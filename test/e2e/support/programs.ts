import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * A program of ours in a process of its own: from the build where that is as new as the sources (`npm test` says so, and it
 * starts faster), or where we ourselves run from it; else from the sources. Source maps are for who reads its errors, and
 * cost every start some time.
 */
export function startProgram(
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  { sourceMaps = true }: { readonly sourceMaps?: boolean } = {},
): ChildProcess {
  const program = IS_SOURCE ? new URL(`${path}.ts`, ROOT) : new URL(`dist/${path}.js`, ROOT);
  const nodeOptions = IS_SOURCE ? ['--import', HOOKS.href] : sourceMaps ? ['--enable-source-maps'] : [];
  const child = spawn(process.execPath, [...nodeOptions, fileURLToPath(program), ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...withoutOurVariables(process.env), ...environment },
  });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8');
  return child;
}

/** What it prints, as it comes. */
export function outputOf(child: ChildProcess): () => string {
  let text = '';
  const add = (chunk: string): void => {
    text = (text + chunk).slice(-OUTPUT_KEPT);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', add);
  return () => text.trim();
}

/** Resolves with the exit code, null after a signal. */
export async function endOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

/** Resolves with where a program of ours answers, once it says so; rejects with what it printed when it ends before. */
export async function addressOf(child: ChildProcess, output: () => string): Promise<string> {
  const address = new Promise<string>((resolve) => {
    const look = (): void => {
      const url = / answers at (http:\S+?)[,.]?\s/.exec(output())?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', look);
    look();
  });
  const died = endOf(child).then((code) => {
    throw new Error(`${child.spawnargs.slice(1).join(' ')} ended with ${code}: ${output()}`);
  });
  died.catch(() => {});
  return Promise.race([address, died]);
}

const RUNS_FROM_SOURCE = import.meta.url.endsWith('.ts');
const IS_SOURCE = RUNS_FROM_SOURCE && process.env.EINKLANG_TEST_BUILD !== 'fresh';
const ROOT = new URL(RUNS_FROM_SOURCE ? '../../../' : '../../../../', import.meta.url);
const HOOKS = new URL('../../../libs/testing/src/typescript-hooks.ts', import.meta.url);
const OUTPUT_KEPT = 20_000;

const withoutOurVariables = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !/^(EINKLANG_|SIMULATED_|DATABASE_URL|EVENTSTOREDB_|KAFKA_|ORDERS_URL|OTEL_|NODE_OPTIONS)/.test(name),
    ),
  );
