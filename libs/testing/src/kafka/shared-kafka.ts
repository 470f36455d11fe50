import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startKafka } from './kafka-cluster.js';

/**
 * The brokers that all specs of a test run share: those in `KAFKA_BROKERS`, else one node that the first call of the run
 * starts and that ends with the run. Name topics and groups so that specs do not meet. Throws `KafkaUnavailable`.
 */
export async function sharedKafka(): Promise<readonly string[]> {
  if (process.env.KAFKA_BROKERS) return process.env.KAFKA_BROKERS.split(',').map((broker) => broker.trim());
  const folder = join(tmpdir(), `einklang-kafka-run-${runPid()}`);
  const isFirst = await mkdir(folder).then(
    () => true,
    () => false,
  );
  return isFirst ? startShared(folder) : startedByAnother(folder);
}

/** The process that began the run, as jest-global-setup.ts notes it: specs may run in processes that end before it does. */
const runPid = (): number => Number(process.env.EINKLANG_TEST_RUN_PID ?? process.pid);

async function startShared(folder: string): Promise<readonly string[]> {
  try {
    const { brokers } = await startKafka({ folder, ownerPid: runPid() });
    await writeFile(join(folder, 'draft'), brokers.join(','));
    await rename(join(folder, 'draft'), join(folder, 'brokers'));
    return brokers;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startedByAnother(folder: string): Promise<readonly string[]> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadlineMs) {
    const brokers = await readFile(join(folder, 'brokers'), 'utf8').catch(() => '');
    if (brokers) return brokers.split(',');
    await delay(50);
  }
  throw new Error('Another spec of this run should have started Kafka, and has not.');
}

/** The first spec of a machine also waits for Maven. */
const START_TIMEOUT_MS = 400_000;
