import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithKafka, sharedKafka } from '#testing';
import { memoryTerminal } from '../testing/memory-terminal.js';
import { UsageError } from '../usage-error.js';
import { topics } from './topics.js';

await describeWithKafka('ops topics', () => {
  const name = `spec.${randomBytes(6).toString('hex')}.events`;
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'einklang-topics-'));
    file = join(folder, 'topics.json');
    await describe(3);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('tells what is missing, makes it, and tells what it cannot change', async () => {
    expect(await run({ apply: false })).toEqual([false, `${name} is missing (3 partitions).\n`]);
    expect(await run({ apply: true })).toEqual([
      true,
      `${name} is missing (3 partitions). Done.\nAll 1 topics are as described.\n`,
    ]);
    await describe(4);
    expect(await run({ apply: true })).toEqual([false, `${name} has partitions 3, and 4 is described.\n`]);
  });

  it('says which setting it needs', async () => {
    const terminal = memoryTerminal();
    const request = { file, apply: false, replicationMax: 1, environment: {}, terminal };
    await expect(topics(request)).rejects.toThrow(UsageError);
  });

  async function run({ apply }: { readonly apply: boolean }): Promise<[boolean, string]> {
    const terminal = memoryTerminal();
    const environment = { KAFKA_BROKERS: (await sharedKafka()).join(',') };
    const isFine = await topics({ file, apply, replicationMax: 1, environment, terminal });
    return [isFine, terminal.text()];
  }

  const describe = (partitions: number) =>
    writeFile(
      file,
      JSON.stringify([
        {
          name,
          owner: 'spec',
          content: 'Events of a spec.',
          key: 'stream',
          partitions,
          replication: 3,
          cleanup: 'delete',
          retentionDays: null,
          maxMessageBytes: 2_097_152,
        },
      ]),
    );
});
