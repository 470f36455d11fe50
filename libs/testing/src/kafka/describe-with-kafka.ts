import { describe, it } from '@jest/globals';
import { KafkaUnavailable, kafkaJars, kafkaVersion } from './kafka-jars.js';

/**
 * `describe` for specs that need a real broker; to be awaited at the top of the spec file. Where there is none, and none
 * can be started, the specs are reported as skipped with the reason, and fail when `CI` is `true`.
 */
export async function describeWithKafka(
  name: string,
  define: () => void,
  { ownCluster = false }: { readonly ownCluster?: boolean } = {},
): Promise<void> {
  const reason = await whyNoKafka(ownCluster);
  if (reason === undefined) {
    describe(name, define);
  } else if (process.env.CI === 'true') {
    describe(name, () => {
      it('has a Kafka to run on', () => {
        throw new Error(`Specs on Kafka may not be skipped in CI: ${reason}.`);
      });
    });
  } else {
    const { skip } = describe;
    skip(`${name} (skipped: ${reason})`, define);
  }
}

/** `ownCluster`: the specs kill nodes, which those in `KAFKA_BROKERS` are not for. */
async function whyNoKafka(ownCluster: boolean): Promise<string | undefined> {
  if (process.env.KAFKA_BROKERS && !ownCluster) return undefined;
  try {
    await kafkaJars(kafkaVersion());
    return undefined;
  } catch (error) {
    if (error instanceof KafkaUnavailable) return error.message;
    throw error;
  }
}
