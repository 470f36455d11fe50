import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const echoMs = 1000;
const leftoverWaitMs = 5000;

/** Ends the launcher with one sentence for the person at the terminal. */
export class Stop extends Error {
  constructor(sentence, exitCode = 1) {
    super(sentence);
    this.exitCode = exitCode;
  }
}

/**
 * Runs a program to its end and gives its exit code, 128+n where a signal ended it.
 *
 * The child gets its own process group: a Ctrl-C then reaches it once, from us, and not also from the terminal and from
 * npm, and it does not reach the child's own children (the database must stop after its clients, not with them).
 * With `capture` the output is collected and returned instead of shown.
 */
export async function run(command, args, { cwd, env = process.env, capture = false } = {}) {
  const ownGroup = process.platform !== 'win32';
  const child = spawn(command, args, {
    cwd,
    env,
    detached: ownGroup,
    stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const signals = forwardSignals(child);
  try {
    const { code, signal } = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    if (ownGroup) await endLeftovers(child.pid);
    return { exitCode: signal ? exitCodeOf(signal) : code, output, interruptedBy: signals.received() };
  } catch (error) {
    throw new Stop(spawnSentence(command, error));
  } finally {
    signals.release();
  }
}

/** Exit code by which a shell reports the end by this signal. */
export function exitCodeOf(signal) {
  return 128 + (constants.signals[signal] ?? 0);
}

/**
 * The first signal goes to the child, which then takes its time. Echoes of it (one Ctrl-C arrives from the terminal and
 * again from npm) are dropped; a signal after that is a person who does not want to wait, and kills the child.
 */
function forwardSignals(child) {
  let first;
  let firstAtMs = 0;
  const stop = (signal) => {
    if (!first) {
      first = signal;
      firstAtMs = performance.now();
      child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
    } else if (performance.now() - firstAtMs > echoMs) {
      child.kill('SIGKILL');
    }
  };
  // A child outside the terminal's group is not told of a new window size either.
  const resize = () => child.kill('SIGWINCH');
  const listeners = { SIGINT: stop, SIGTERM: stop, SIGHUP: stop, SIGWINCH: resize };
  for (const [signal, listener] of Object.entries(listeners)) process.on(signal, listener);
  return {
    received: () => first,
    release: () => {
      for (const [signal, listener] of Object.entries(listeners)) process.off(signal, listener);
    },
  };
}

/** A child that was killed may leave a database behind. SIGINT is PostgreSQL's fast, clean shutdown. */
async function endLeftovers(group) {
  const deadlineMs = performance.now() + leftoverWaitMs;
  for (let signal = 'SIGINT'; signalGroup(group, signal) && performance.now() < deadlineMs; signal = 0) {
    await delay(50);
  }
}

function signalGroup(group, signal) {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

function spawnSentence(command, error) {
  return `${command} could not be started (${error.code ?? error.message}). If node_modules came from another system or user, delete it and run the same command again.`;
}
