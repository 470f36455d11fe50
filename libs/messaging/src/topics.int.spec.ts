import { randomBytes } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { describeWithKafka, sharedKafka } from '#testing';
import { openKafka } from './kafka-client.js';
import { applyTopics, compareTopics, type TopicDefinition, topicsFrom } from './topics.js';

await describeWithKafka('topics', () => {
  it('are created and set as described, and layouts that differ are reported and left', async () => {
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const kafka = openKafka({ brokers: await sharedKafka(), clientId: 'spec' }, log);
    const topic: TopicDefinition = {
      name: `spec.${randomBytes(6).toString('hex')}.events`,
      owner: 'spec',
      content: 'Events of a spec.',
      key: 'stream',
      partitions: 3,
      replication: 3,
      cleanup: 'delete',
      retentionDays: 2,
      maxMessageBytes: 2_000_000,
    };
    const one = { replicationMax: 1 };
    const missing = { topic: topic.name, what: 'topic', wanted: '3 partitions', found: undefined, canApply: true };
    expect(await compareTopics(kafka, [topic], one)).toEqual([missing]);
    expect(await applyTopics(kafka, [topic], one)).toEqual({ applied: [missing], left: [] });
    expect(await compareTopics(kafka, [topic], one)).toEqual([]);

    const changed = { ...topic, partitions: 6, cleanup: 'compact' as const, retentionDays: null };
    const differences = [
      { what: 'partitions', wanted: '6', found: '3', canApply: false },
      { what: 'cleanup.policy', wanted: 'compact', found: 'delete', canApply: true },
      { what: 'retention.ms', wanted: '-1', found: '172800000', canApply: true },
    ].map((difference) => ({ topic: topic.name, ...difference }));
    expect(await compareTopics(kafka, [changed], one)).toEqual(differences);
    expect(await applyTopics(kafka, [changed], one)).toEqual({
      applied: differences.slice(1),
      left: differences.slice(0, 1),
    });
    expect(await compareTopics(kafka, [changed], one)).toEqual(differences.slice(0, 1));
  });

  it('are refused when a description has an unknown field', () => {
    expect(() => topicsFrom([{ name: 'a', parts: 3 }])).toThrow('parts');
  });
});
