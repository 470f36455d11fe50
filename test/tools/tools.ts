import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from './run.js';

interface GoTool {
  readonly module: string;
  readonly package: string;
  readonly version: string;
  readonly tags?: string;
}
interface PythonTool {
  readonly pip: string;
  readonly version: string;
}

/** Programs of others that check ours, each of one version: findings change with the code and not with the day. */
const TOOLS = {
  helm: { module: 'helm.sh/helm/v3', package: './cmd/helm', version: 'v3.22.0' },
  promtool: {
    module: 'github.com/prometheus/prometheus',
    package: './cmd/promtool',
    version: 'v0.315.1',
    // Without the clients of every cloud it takes half the time to build.
    tags: 'remove_all_sd,enable_dns_sd',
  },
  grpcurl: { module: 'github.com/fullstorydev/grpcurl', package: './cmd/grpcurl', version: 'v1.9.4' },
  'kubernetes-validate': { pip: 'kubernetes-validate', version: '1.37.0' },
  schemathesis: { pip: 'schemathesis', version: '4.32.5' },
} satisfies Record<string, GoTool | PythonTool>;

export type ToolName = keyof typeof TOOLS;
export const TOOL_NAMES = Object.keys(TOOLS).filter((name): name is ToolName => Object.hasOwn(TOOLS, name));

/** Where this program is, or why it is not there, in a sentence. */
export function findTool(name: ToolName): { readonly path: string } | { readonly missing: string } {
  const path = pathOf(name);
  if (existsSync(path)) return { path };
  const reason = reasonFile(name);
  return { missing: existsSync(reason) ? readFileSync(reason, 'utf8') : `${name} is installed by "npm run tools"` };
}

/** Installs a program unless it is there, and gives its path. Throws a sentence where Go or Python is missing, or the network. */
export async function installTool(name: ToolName): Promise<string> {
  const path = pathOf(name);
  if (existsSync(path)) return path;
  const tool: GoTool | PythonTool = TOOLS[name];
  mkdirSync(join(folderOf(name), 'bin'), { recursive: true });
  try {
    await ('pip' in tool ? installFromPip(tool, folderOf(name)) : buildWithGo(tool, path));
    rmSync(reasonFile(name), { force: true });
  } catch (error) {
    const [sentence = ''] = String(error instanceof Error ? error.message : error).split('\n');
    writeFileSync(reasonFile(name), sentence);
    throw error;
  }
  return path;
}

const FOLDER = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'einklang', 'tools');
const folderOf = (name: ToolName): string => join(FOLDER, `${name}-${TOOLS[name].version}`);
const pathOf = (name: ToolName): string => join(folderOf(name), 'bin', name);
const reasonFile = (name: ToolName): string => `${folderOf(name)}.missing`;

/**
 * Builds a program inside its own module, with the dependencies and checksums of its release: `go install` refuses modules
 * that replace some. Into a file aside, and then in one step into place, because another run may build the same.
 */
async function buildWithGo({ module, package: main, version, tags = '' }: GoTool, path: string): Promise<void> {
  const environment = { GOWORK: 'off', GOFLAGS: '' };
  const needed = `${module} needs Go 1.26 or newer`;
  const source = `${module}@${version}`;
  const { Dir } = downloaded.parse(
    JSON.parse(await outputOf(needed, 'go', ['mod', 'download', '-json', source], environment)),
  );
  const draft = `${path}.${process.pid}`;
  await outputOf(needed, 'go', ['build', '-C', Dir, '-tags', tags, '-o', draft, main], environment);
  renameSync(draft, path);
}

const downloaded = z.object({ Dir: z.string() });

async function installFromPip({ pip, version }: PythonTool, venv: string): Promise<void> {
  const needed = `${pip} needs Python 3.10 or newer`;
  await outputOf(needed, 'python3', ['-m', 'venv', venv]);
  await outputOf(needed, `${venv}/bin/pip`, ['install', '--quiet', `${pip}==${version}`]);
}

async function outputOf(
  needed: string,
  program: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<string> {
  const { exitCode, output } = await run(program, args, { environment }).catch((cause: unknown) => {
    throw new Error(`${needed}, and ${program} cannot be started.`, { cause });
  });
  if (exitCode !== 0)
    throw new Error(`${needed} and the network: ${program} ${args[0]} ended with ${exitCode}.\n${output}`);
  return output;
}
