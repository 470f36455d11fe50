import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { applyTopics, compareTopics, kafkaSettingsFrom, openKafka, type TopicDifference, topicsFrom } from '#messaging';
import { type Terminal, writeLine } from '../console/terminal.js';
import { UsageError } from '../usage-error.js';

/** Path of the description that belongs to this program. */
export const DESCRIPTION = join(dirname(findPackageJSON(import.meta.url) ?? process.cwd()), 'deploy/kafka/topics.json');

export interface TopicsRequest {
  /** A `topics.json`. */
  readonly file: string;
  /** Create what is missing and set settings that differ; without it they are only told. */
  readonly apply: boolean;
  readonly replicationMax: number | undefined;
  /** Where Kafka is: the variables of {@link kafkaSettingsFrom}. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
}

/** Compares the topics of Kafka with their description, or makes them so. Answers whether they are as described then. */
export async function topics({ file, apply, replicationMax, environment, terminal }: TopicsRequest): Promise<boolean> {
  const described = topicsFrom(JSON.parse(readFileSync(file, 'utf8')));
  const kafka = openKafka(settingsIn(environment), {
    info: () => {},
    warn: (_, message) => terminal.err.write(`${message}\n`),
    error: (_, message) => terminal.err.write(`${message}\n`),
  });
  const options = replicationMax === undefined ? {} : { replicationMax };
  const { applied, left } = apply
    ? await applyTopics(kafka, described, options)
    : { applied: [], left: await compareTopics(kafka, described, options) };
  for (const difference of applied) writeLine(terminal, `${sentenceFor(difference)} Done.`);
  for (const difference of left) writeLine(terminal, sentenceFor(difference));
  if (left.length === 0) writeLine(terminal, `All ${described.length} topics are as described.`);
  return left.length === 0;
}

function settingsIn(environment: TopicsRequest['environment']) {
  try {
    return kafkaSettingsFrom(environment);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

const sentenceFor = ({ topic, what, wanted, found }: TopicDifference): string =>
  found === undefined
    ? `${topic} is missing (${wanted}).`
    : `${topic} has ${what} ${found}, and ${wanted} is described.`;
