import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, describeWithKafka, InMemoryEventStore, type KafkaCluster, startKafka } from '#testing';
import { MessagingTest } from '../test/messaging-test.js';
import { openKafka } from './kafka-client.js';
import { kafkaSettingsFrom } from './kafka-settings.js';

const ADDRESS = ['-addext', 'subjectAltName=IP:127.0.0.1'];

await describeWithKafka(
  'with TLS and a login',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'einklang-kafka-tls-'));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    let cluster: KafkaCluster;

    beforeAll(async () => {
      execFileSync(
        'openssl',
        ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=spec', ...ADDRESS].concat([
          '-keyout',
          key,
          '-out',
          certificate,
        ]),
        { stdio: 'ignore' },
      );
      const pem = readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8');
      cluster = await startKafka({ security: { certificate: pem, username: 'orders', password: 'open-sesame' } });
    }, 300_000);
    afterAll(async () => {
      await cluster?.stop();
      rmSync(folder, { recursive: true });
    });

    it('relay and consumer work with the settings of the environment', async () => {
      const test = await MessagingTest.open({
        store: new InMemoryEventStore(),
        database: await createTestDatabase(),
        settings: settings('open-sesame'),
      });
      await test.append(20);
      test.relay().start();
      test.consumer().start();
      await test.untilSeen(20);
      expect(await test.seen()).toBe(20);
      await test.close();
    });

    it('a wrong password is refused, and is not in the message', async () => {
      const log = { info: () => {}, warn: () => {}, error: () => {} };
      const admin = openKafka(settings('guessed'), log).admin();
      const refused = await admin.connect().then(
        () => 'connected',
        (error: unknown) => String(error),
      );
      expect(refused).toMatch(/authentication/i);
      expect(refused).not.toContain('guessed');
      await admin.disconnect();
    });

    const settings = (password: string) =>
      kafkaSettingsFrom({
        KAFKA_BROKERS: cluster.brokers.join(','),
        KAFKA_TLS_CA_FILE: certificate,
        KAFKA_SASL_MECHANISM: 'plain',
        KAFKA_SASL_USERNAME: 'orders',
        KAFKA_SASL_PASSWORD: password,
      });
  },
  { ownCluster: true },
);
