import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Paths of the programs, each of a version of its own: findings change with the code and not with the day. */
export interface Tools {
  readonly schemathesis: string;
  readonly grpcurl: string;
}

const SCHEMATHESIS = 'schemathesis==4.32.5';
const GRPCURL = 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4';

/** Below node_modules, so that a clean checkout has none. */
const FOLDER = fileURLToPath(new URL('node_modules/.cache/contract/', findRoot()));

/** Installs what is not there yet. Throws a sentence where Python or Go is missing. */
export async function installTools(): Promise<Tools> {
  const venv = `${FOLDER}${SCHEMATHESIS}`;
  const bin = `${FOLDER}${GRPCURL.split('/').at(-1)}`;
  if (!existsSync(`${venv}/bin/schemathesis`)) {
    await install('Python 3.10 or newer', 'python3', ['-m', 'venv', venv]);
    await install('Python 3.10 or newer', `${venv}/bin/pip`, ['install', '--quiet', SCHEMATHESIS]);
  }
  if (!existsSync(`${bin}/grpcurl`)) await install('Go 1.24 or newer', 'go', ['install', GRPCURL], { GOBIN: bin });
  return { schemathesis: `${venv}/bin/schemathesis`, grpcurl: `${bin}/grpcurl` };
}

/** What a program printed, and how it ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a program to its end. Rejects where it cannot be started. */
export async function run(
  program: string,
  args: readonly string[],
  { environment = {}, show = false }: { readonly environment?: Record<string, string>; readonly show?: boolean } = {},
): Promise<Ended> {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, cwd: fileURLToPath(findRoot()) });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (show) process.stdout.write(text);
    });
  }
  const [exitCode] = await once(child, 'close');
  return { exitCode, output };
}

async function install(
  needed: string,
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<void> {
  const sentence = `The contract is checked with schemathesis and grpcurl, which need ${needed}`;
  const { exitCode, output } = await run(program, args, { environment }).catch((cause: unknown) => {
    throw new Error(`${sentence}: ${program} cannot be started.`, { cause });
  });
  if (exitCode !== 0)
    throw new Error(`${sentence}: ${[program, ...args].join(' ')} ended with ${exitCode}.\n${output}`);
}

/** The checkout, from the sources as from the build. */
function findRoot(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../../' : '../../../', import.meta.url);
}
