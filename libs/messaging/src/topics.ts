import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type ITopicConfig, type ITopicMetadata, type Kafka } from 'kafkajs';
import { z } from 'zod';

const topicSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9.-]+$/),
  /** The service that writes it. */
  owner: z.string(),
  /** What a message is, in a sentence. */
  content: z.string(),
  key: z.enum(['stream', 'sku']),
  /** Never changed: with another number keys would move to other partitions, and their order would be lost. */
  partitions: z.int().positive(),
  /** Copies of each partition; one less than that must have a message before it counts as written. */
  replication: z.int().positive(),
  /** `delete`: by age. `compact`: the latest message of each key is kept. */
  cleanup: z.enum(['delete', 'compact']),
  /** Null: without limit. */
  retentionDays: z.int().positive().nullable(),
  maxMessageBytes: z.int().positive(),
});

/** A topic as `deploy/kafka/topics.json` describes it. */
export type TopicDefinition = z.output<typeof topicSchema>;

/** The topics in the parsed content of a `topics.json`. Throws a `ZodError`. */
export const topicsFrom = (json: unknown): readonly TopicDefinition[] => z.array(topicSchema).parse(json);

/** Where a topic of the cluster is not as described. */
export interface TopicDifference {
  readonly topic: string;
  /** `topic` when it is missing, `partitions`, `replication`, or the name of a setting. */
  readonly what: string;
  readonly wanted: string;
  /** Undefined when it is missing. */
  readonly found: string | undefined;
  /** Whether {@link applyTopics} puts it right. */
  readonly canApply: boolean;
}

export interface TopicsOptions {
  /** Fewer copies than described, for a cluster with fewer brokers. */
  readonly replicationMax?: number;
}

/** Compares the topics of the cluster with their description. Topics that are not described are left alone. */
export async function compareTopics(
  kafka: Kafka,
  topics: readonly TopicDefinition[],
  options: TopicsOptions = {},
): Promise<TopicDifference[]> {
  return withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const present = topics.filter(({ name }) => existing.has(name));
    const missing = topics.filter(({ name }) => !existing.has(name)).map(missingTopic);
    if (present.length === 0) return missing;
    const { topics: metadata } = await admin.fetchTopicMetadata({ topics: present.map(({ name }) => name) });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: present.map((topic) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: topic.name,
        configNames: Object.keys(settingsOf(topic, options)),
      })),
    });
    const differing = present.flatMap((topic) => {
      const layout = metadata.find(({ name }) => name === topic.name);
      const settings = resources.find(({ resourceName }) => resourceName === topic.name)?.configEntries ?? [];
      return [...layoutDifferences(topic, layout, options), ...settingDifferences(topic, settings, options)];
    });
    return [...missing, ...differing];
  });
}

/**
 * Creates what is missing and sets settings that differ; a topic whose settings are set loses others that were given
 * it. Answers what could not be put right: partitions and replication are not changed. Running it twice changes nothing.
 */
export async function applyTopics(
  kafka: Kafka,
  topics: readonly TopicDefinition[],
  options: TopicsOptions = {},
): Promise<{ readonly applied: readonly TopicDifference[]; readonly left: readonly TopicDifference[] }> {
  const before = await compareTopics(kafka, topics, options);
  const isMissing = (name: string) => before.some(({ topic, found }) => topic === name && found === undefined);
  const differs = (name: string) => before.some(({ topic, canApply }) => topic === name && canApply);
  const missing = topics.filter(({ name }) => isMissing(name));
  const changed = topics.filter(({ name }) => !isMissing(name) && differs(name));
  await withAdmin(kafka, async (admin) => {
    if (missing.length > 0) {
      await admin.createTopics({ waitForLeaders: false, topics: missing.map((topic) => creationOf(topic, options)) });
      await untilServed(admin, missing);
    }
    if (changed.length > 0)
      await admin.alterConfigs({
        validateOnly: false,
        resources: changed.map((topic) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic.name,
          configEntries: entriesOf(settingsOf(topic, options)),
        })),
      });
  });
  return { applied: before.filter(({ canApply }) => canApply), left: before.filter(({ canApply }) => !canApply) };
}

type Admin = ReturnType<Kafka['admin']>;

async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Brokers learn of a topic a moment after it is made; kafkajs, which would wait for that, gives up at the first refusal. */
async function untilServed(admin: Admin, topics: readonly TopicDefinition[]): Promise<void> {
  for (let looks = 1; ; looks += 1) {
    try {
      await admin.fetchTopicMetadata({ topics: topics.map(({ name }) => name) });
      return;
    } catch (error) {
      if (looks === LOOKS_MAX) throw error;
      await delay(LOOK_MS);
    }
  }
}

const LOOKS_MAX = 100;
const LOOK_MS = 100;

const missingTopic = ({ name, partitions }: TopicDefinition): TopicDifference => ({
  topic: name,
  what: 'topic',
  wanted: `${partitions} partitions`,
  found: undefined,
  canApply: true,
});

const replicationOf = ({ replication }: TopicDefinition, { replicationMax = replication }: TopicsOptions): number =>
  Math.min(replication, replicationMax);

function settingsOf(topic: TopicDefinition, options: TopicsOptions): Record<string, string> {
  return {
    'cleanup.policy': topic.cleanup,
    'retention.ms': topic.retentionDays === null ? '-1' : String(topic.retentionDays * DAY_MS),
    'max.message.bytes': String(topic.maxMessageBytes),
    'min.insync.replicas': String(Math.max(1, replicationOf(topic, options) - 1)),
  };
}

const DAY_MS = 86_400_000;

const entriesOf = (settings: Readonly<Record<string, string>>) =>
  Object.entries(settings).map(([name, value]) => ({ name, value }));

const creationOf = (topic: TopicDefinition, options: TopicsOptions): ITopicConfig => ({
  topic: topic.name,
  numPartitions: topic.partitions,
  replicationFactor: replicationOf(topic, options),
  configEntries: entriesOf(settingsOf(topic, options)),
});

function layoutDifferences(
  topic: TopicDefinition,
  layout: ITopicMetadata | undefined,
  options: TopicsOptions,
): TopicDifference[] {
  const partitions = layout?.partitions ?? [];
  const replication = partitions[0]?.replicas.length ?? 0;
  return [
    { what: 'partitions', wanted: topic.partitions, found: partitions.length },
    { what: 'replication', wanted: replicationOf(topic, options), found: replication },
  ]
    .filter(({ wanted, found }) => wanted !== found)
    .map(({ what, wanted, found }) => ({
      topic: topic.name,
      what,
      wanted: String(wanted),
      found: String(found),
      canApply: false,
    }));
}

function settingDifferences(
  topic: TopicDefinition,
  found: readonly { readonly configName: string; readonly configValue: string }[],
  options: TopicsOptions,
): TopicDifference[] {
  const values = new Map(found.map(({ configName, configValue }) => [configName, configValue]));
  return Object.entries(settingsOf(topic, options))
    .filter(([name, wanted]) => values.get(name) !== wanted)
    .map(([what, wanted]) => ({
      topic: topic.name,
      what,
      wanted,
      found: values.get(what) ?? 'nothing',
      canApply: true,
    }));
}
