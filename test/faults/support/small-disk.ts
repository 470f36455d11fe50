import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseServer, isAlive } from './database-server.js';

const run = promisify(execFile);
const PREFIX = 'einklang-small-disk-';

/** A file system of a few MiB in memory. Mounting takes root, and Linux. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** The disk, or why there can be none. */
  static async mount(sizeMiB: number): Promise<SmallDisk | string> {
    if (process.platform !== 'linux' || process.getuid?.() !== 0)
      return 'Only root on Linux can mount a small file system.';
    await removeAbandoned();
    const folder = join(tmpdir(), `${PREFIX}${process.pid}`);
    await mkdir(folder);
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'einklang-small-disk', folder]);
    } catch (error) {
      await rm(folder, { recursive: true });
      return `A small file system cannot be mounted here: ${error instanceof Error ? error.message.trim() : error}`;
    }
    return new SmallDisk(folder);
  }

  /** A folder on it for a data directory. */
  get dataDir(): string {
    return join(this.folder, 'data');
  }

  /** Takes room away. */
  async addBallast(number: number, sizeMiB: number): Promise<void> {
    await writeFile(join(this.folder, `ballast-${number}`), Buffer.alloc(sizeMiB * 1_048_576));
  }

  /** Gives the room back. */
  async dropBallast(number: number): Promise<void> {
    await rm(join(this.folder, `ballast-${number}`));
  }

  async unmount(): Promise<void> {
    await unmount(this.folder);
  }
}

/** Disks of runs that were killed, with the servers on them. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX) || isAlive(Number(name.slice(PREFIX.length)))) continue;
    const folder = join(tmpdir(), name);
    await new DatabaseServer(join(folder, 'data')).stop();
    await unmount(folder);
  }
}

async function unmount(folder: string): Promise<void> {
  await run('umount', [folder]);
  await rm(folder, { recursive: true });
}
