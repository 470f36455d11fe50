import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RecordingSystem } from '../testing/recording-system.js';
import { useSystem } from './use-system.js';

let dataDir: string;
let running: RecordingSystem;
let started: string[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'use-system-'));
  running = await RecordingSystem.start();
  started = [];
});
afterEach(async () => {
  await running.stop();
  await rm(dataDir, { recursive: true });
});

describe('the system a command works with', () => {
  it('is the one that runs on the data directory, and goes on running afterwards', async () => {
    await writeRunning({ pid: process.pid, httpUrl: `${running.httpUrl}/` });
    const system = await use();
    expect(system).toMatchObject({ httpUrl: running.httpUrl, isOurs: false });
    await system.stop();
    expect((await fetch(`${running.httpUrl}/health/live`)).ok).toBe(true);
    expect(started).toEqual([]);
  });

  it('comes with the simulated shop that runs beside it', async () => {
    await writeRunning({ pid: process.pid, httpUrl: running.httpUrl, shopUrl: 'http://127.0.0.1:9' });
    expect(await use()).toMatchObject({ isOurs: false, shopUrl: 'http://127.0.0.1:9' });
  });

  it.each([
    ['nothing says that one runs', async () => {}],
    ['the file is from a process that is gone', () => writeRunning({ pid: 2 ** 22 + 1, httpUrl: running.httpUrl })],
    ['no server answers', () => writeRunning({ pid: process.pid, httpUrl: 'http://127.0.0.1:9' })],
    ['the file is half-written', () => writeFile(join(dataDir, 'running.json'), '{"pid": 1')],
    ['the file says something else', () => writeRunning({ pid: 'me' })],
  ])('is one of its own when %s, stopped at the end', async (_name, arrange) => {
    await arrange();
    const system = await use();
    expect(system).toMatchObject({ httpUrl: 'http://our-own', isOurs: true });
    await system.stop();
    expect(started).toEqual([`start ${dataDir} 0`, 'stop']);
  });
});

const writeRunning = (content: object): Promise<void> =>
  writeFile(join(dataDir, 'running.json'), JSON.stringify(content));

const use = () =>
  useSystem(dataDir, async (options) => {
    started.push(`start ${options.dataDir} ${options.httpPort}`);
    return { httpUrl: 'http://our-own', stop: async () => started.push('stop') };
  });
