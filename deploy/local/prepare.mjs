import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodeOf, run, Stop } from './child-process.mjs';
import { withLock } from './lock.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The Node that package.json pins; everything but this launcher runs on it. */
export const nodePath = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** Programs are two and a half thousand modules: not compiling them again saves a tenth of their start. Goes away with every build. */
export const compileCache = join(root, 'dist/.compile-cache');

const buildStampPath = join(root, 'dist/.build-stamp');
const buildInputs = [
  'apps',
  'libs',
  'test',
  'package.json',
  'tsconfig.json',
  'nest-cli.json',
  '.swcrc',
  'deploy/local/bundle.mjs',
];
const buildSteps = [
  [join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build'],
  [join(root, 'deploy/local/bundle.mjs')],
];
const unreachableCodes =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/;

/** Installs and builds what is missing or out of date. Costs some 50 ms when nothing is. */
export async function prepare({ rebuild = false } = {}) {
  if (!rebuild && isInstalled() && isBuilt()) return;
  for (const folder of ['.', 'dist', ...(isInstalled() ? [] : ['node_modules'])]) requireWritable(folder);
  const onWait = () => note('Another run is installing or building here; waiting for it.');
  await withLock(join(root, '.setup.lock'), onWait, async () => {
    if (!isInstalled()) await install();
    if (rebuild || !isBuilt()) await build();
  });
}

/** npm writes its own record last of all, so a half-done, a production-only and an outdated install all differ from it. */
function isInstalled() {
  const wanted = readPackages('package-lock.json');
  const installed = readPackages('node_modules/.package-lock.json');
  if (!wanted || !installed || !existsSync(nodePath)) return false;
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    if (path === '') return true;
    const found = installed[path];
    return found ? found.version === version : Boolean(optional || devOptional);
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

async function install() {
  const [command, npmArgs] = npmCommand();
  await requireRegistry(command, npmArgs);
  const progress = startProgress('Installing packages (once, a minute or so)');
  // Named on the command line, these win over NODE_ENV=production and over an `omit` in the npm settings of the user.
  const args = [...npmArgs, 'ci', '--include=dev', '--include=optional', '--loglevel=error'];
  const { exitCode, output, interruptedBy } = await run(command, args, { cwd: root, capture: true });
  progress.end(exitCode === 0);
  if (interruptedBy) throw new Stop('', exitCodeOf(interruptedBy));
  if (exitCode !== 0) throw new Stop(installSentence(output));
  if (!existsSync(nodePath)) {
    throw new Stop(
      'The packages are installed, but their install scripts did not run, so the pinned Node is missing. Run: npm ci --include=dev --ignore-scripts=false',
    );
  }
}

/** Without a network npm would try each of hundreds of packages in vain, for minutes, before it says so. */
async function requireRegistry(command, npmArgs) {
  const args = [
    ...npmArgs,
    'ping',
    '--loglevel=error',
    '--fetch-retries=1',
    '--fetch-retry-mintimeout=500',
    '--fetch-timeout=10000',
  ];
  const { output, interruptedBy } = await run(command, args, { cwd: root, capture: true });
  if (interruptedBy) throw new Stop('', exitCodeOf(interruptedBy));
  // Mirrors that do not know "ping" answer with an error of their own: they are reachable.
  if (unreachableCodes.test(output)) throw new Stop(installSentence(output));
}

/** The npm that called us, or the one on the path where this file was started by hand. */
function npmCommand() {
  const npm = process.env.npm_execpath ?? '';
  if (basename(npm) === 'npm-cli.js') return [process.execPath, [npm]];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
}

function installSentence(output) {
  // The reason comes first; what follows it is the manual.
  const detail = `npm said:\n${output.trim().split('\n').slice(0, 6).join('\n')}`;
  const unreachable = unreachableCodes.exec(output);
  if (unreachable) {
    return `npm cannot reach its package registry (${unreachable[0]}). Check the network, the proxy and "npm config get registry", then run the same command again.\n${detail}`;
  }
  if (/\bENOSPC\b/.test(output)) return `The disk is full: the packages need about 700 MB in ${root}.\n${detail}`;
  if (/\b(EACCES|EPERM)\b/.test(output)) return `${ownershipSentence('node_modules')}\n${detail}`;
  return `The packages could not be installed. ${detail}`;
}

function isBuilt() {
  try {
    return readFileSync(buildStampPath, 'utf8') === sourceFingerprint();
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Name, size and time of every source file. Unlike "newer than", it also notices deleted files and older copies. */
function sourceFingerprint() {
  const hash = createHash('sha256');
  for (const input of buildInputs) addToHash(hash, input);
  return hash.digest('hex');
}

function addToHash(hash, path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isDirectory()) hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\n`);
  else if (path !== join('test', 'bench', 'results')) {
    for (const name of readdirSync(join(root, path)).sort())
      if (!name.endsWith('.md')) addToHash(hash, join(path, name));
  }
}

async function build() {
  const progress = startProgress('Building');
  // Taken first: a file that changes while the build runs then counts as changed afterwards.
  const fingerprint = sourceFingerprint();
  let result;
  for (const step of buildSteps) {
    result = await run(nodePath, step, { cwd: root, capture: true });
    if (result.exitCode !== 0 || result.interruptedBy) break;
  }
  const { exitCode, output, interruptedBy } = result;
  progress.end(exitCode === 0);
  if (interruptedBy) throw new Stop('', exitCodeOf(interruptedBy));
  if (exitCode !== 0) throw new Stop(`The build failed.\n${output.trim()}`);
  writeFileSync(buildStampPath, fingerprint);
}

function requireWritable(folder) {
  const path = join(root, folder);
  try {
    if (existsSync(path)) accessSync(path, constants.W_OK);
  } catch {
    throw new Stop(ownershipSentence(folder));
  }
}

function ownershipSentence(folder) {
  const { username } = userInfo();
  const path = join(root, folder);
  return `${path} needs to be changed, but user ${username} may not write there (it was made by another user, perhaps root). Hand it over with "sudo chown -R ${username} ${root}" or run the command as its owner.`;
}

/** One line on the error output: standard output belongs to the program that runs afterwards. */
function startProgress(what) {
  const startedMs = performance.now();
  const seconds = () => Math.round((performance.now() - startedMs) / 1000);
  const draw = (state) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[2K${what} … ${state}` : '');
  if (!process.stderr.isTTY) note(`${what} …`);
  draw('');
  const timer = setInterval(() => draw(`${seconds()} s`), 1000);
  return {
    end: (done) => {
      clearInterval(timer);
      const took = ((performance.now() - startedMs) / 1000).toFixed(1);
      const state = `${done ? 'done in' : 'stopped after'} ${took} s`;
      if (process.stderr.isTTY) draw(`${state}\n`);
      else note(`${what}: ${state}`);
    },
  };
}

function note(sentence) {
  process.stderr.write(`${sentence}\n`);
}
