import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What `KAFKA_VERSION` may be, and the release that stands for it. */
export const KAFKA_RELEASES = { '4': '4.3.1', '3.9': '3.9.2' } as const;
export type KafkaVersion = keyof typeof KAFKA_RELEASES;

/** The version this test run is to use: `KAFKA_VERSION`, else 4. */
export function kafkaVersion(): KafkaVersion {
  const version = process.env.KAFKA_VERSION || '4';
  if (version === '4' || version === '3.9') return version;
  throw new Error(`KAFKA_VERSION must be one of ${Object.keys(KAFKA_RELEASES).join(', ')}, not "${version}".`);
}

/** No broker can be started here; the message says why, in words for the person who runs the tests. */
export class KafkaUnavailable extends Error {
  override readonly name = 'KafkaUnavailable';
}

/**
 * The folder with the jars of a release. The first call on a machine has Maven fetch them from Maven Central into the
 * user's cache directory. Throws {@link KafkaUnavailable} where Java or Maven is missing, or nothing can be fetched.
 */
export async function kafkaJars(version: KafkaVersion): Promise<string> {
  await requireJava();
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'einklang');
  const jars = join(cache, `kafka-${KAFKA_RELEASES[version]}`);
  if (!existsSync(jars)) {
    await mkdir(cache, { recursive: true });
    await fetchJars(KAFKA_RELEASES[version], cache, jars);
  }
  return jars;
}

const run = promisify(execFile);
const JAVA_NEEDED = 17;
const FETCH_TIMEOUT_MS = 300_000;

async function requireJava(): Promise<void> {
  const { stderr } = await run('java', ['-version']).catch((cause: unknown) => {
    throw new KafkaUnavailable('Kafka needs Java, and there is no java command', { cause });
  });
  const major = Number(/version "(\d+)/.exec(stderr)?.[1]);
  if (!(major >= JAVA_NEEDED)) throw new KafkaUnavailable(`Kafka needs Java ${JAVA_NEEDED} or newer`);
}

/** Into a folder aside, and then in one step into place: another test run may fetch the same at the same time. */
async function fetchJars(release: string, cache: string, jars: string): Promise<void> {
  const draft = await mkdtemp(join(cache, 'fetching-'));
  try {
    const pom = join(draft, 'pom.xml');
    await writeFile(pom, pomOf(release));
    await run('mvn', ['-B', '-q', '-f', pom, COPY, '-DincludeScope=runtime', `-DoutputDirectory=${draft}/jars`], {
      timeout: FETCH_TIMEOUT_MS,
    });
    await rename(join(draft, 'jars'), jars).catch((error: unknown) => {
      if (!existsSync(jars)) throw error;
    });
  } catch (cause) {
    throw new KafkaUnavailable(`the jars of Kafka ${release} could not be fetched with mvn`, { cause });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

const pomOf = (release: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>einklang</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${release}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;
