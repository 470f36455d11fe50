import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StartupError } from '../startup-error.js';

const run = promisify(execFile);

export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root. Root runs it as the owner of the data directory, or for a new one as the user
 * `postgres`, who is made when missing, or as `nobody` where users cannot be made. Undefined: run it as ourselves.
 */
export async function serverUserFor(directory: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(directory).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const user = (await userNamed('postgres')) ?? (await madeUser()) ?? (await userNamed('nobody'));
  if (user) return user;
  throw new StartupError(
    'PostgreSQL does not run as root, and this system has no unprivileged user; start as an ordinary user.',
  );
}

async function madeUser(): Promise<ServerUser | undefined> {
  await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch(() => undefined);
  return userNamed('postgres');
}

async function userNamed(name: string): Promise<ServerUser | undefined> {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)),
    );
    return uid && gid ? { uid, gid } : undefined;
  } catch {
    return undefined;
  }
}
