import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { kafkaSettingsFrom } from './kafka-settings.js';

const folder = mkdtempSync(join(tmpdir(), 'einklang-kafka-settings-'));
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('settings of Kafka', () => {
  afterAll(() => rmSync(folder, { recursive: true }));

  it('say how long a process may be silent', () => {
    const settings = { KAFKA_BROKERS: 'one:9092', KAFKA_SESSION_TIMEOUT_MS: '10000' };
    expect(kafkaSettingsFrom(settings)).toMatchObject({ sessionTimeoutMs: 10_000 });
    for (const wrong of ['5999', '300001', 'long'])
      expect(() => kafkaSettingsFrom({ ...settings, KAFKA_SESSION_TIMEOUT_MS: wrong })).toThrow(
        `KAFKA_SESSION_TIMEOUT_MS must be a number of milliseconds from 6000 to 300000, not "${wrong}".`,
      );
  });

  it('are plain TCP unless told', () => {
    expect(kafkaSettingsFrom({ KAFKA_BROKERS: 'one:9092, two:9092', KAFKA_TLS: '' })).toEqual({
      brokers: ['one:9092', 'two:9092'],
      clientId: 'einklang',
    });
  });

  it('take TLS with the authorities of the system, or with files', () => {
    expect(kafkaSettingsFrom({ KAFKA_BROKERS: 'one:9092', KAFKA_TLS: 'true' })).toMatchObject({ tls: {} });
    expect(kafkaSettingsFrom({ KAFKA_BROKERS: 'one:9092', KAFKA_TLS_CA_FILE: file('ca.pem', 'CA\n') })).toMatchObject({
      tls: { ca: 'CA' },
    });
  });

  it('take a login, its password from a file if wanted', () => {
    const given = { KAFKA_BROKERS: 'one:9092', KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'orders' };
    const sasl = { mechanism: 'scram-sha-512', username: 'orders', password: 'secret' };
    expect(kafkaSettingsFrom({ ...given, KAFKA_SASL_PASSWORD: 'secret' })).toMatchObject({ sasl });
    expect(kafkaSettingsFrom({ ...given, KAFKA_SASL_PASSWORD_FILE: file('password', 'secret\n') })).toMatchObject({
      sasl,
    });
  });

  it.each([
    [{}, 'KAFKA_BROKERS must be set: one or more host:port, separated by commas.'],
    [{ KAFKA_BROKERS: 'one' }, 'KAFKA_BROKERS must be one or more host:port, separated by commas, not "one".'],
    [{ KAFKA_BROKERS: 'a:1', KAFKA_TLS: 'yes' }, 'KAFKA_TLS must be true or false, not "yes".'],
    [
      { KAFKA_BROKERS: 'a:1', KAFKA_TLS_CA_FILE: '/nowhere/ca.pem' },
      'KAFKA_TLS_CA_FILE must be the path of a file that can be read, not "/nowhere/ca.pem".',
    ],
    [
      { KAFKA_BROKERS: 'a:1', KAFKA_SASL_MECHANISM: 'plain' },
      'KAFKA_SASL_USERNAME must be set where KAFKA_SASL_MECHANISM is.\nKAFKA_SASL_PASSWORD must be set where KAFKA_SASL_MECHANISM is.',
    ],
  ])('are refused in a sentence: %j', (environment, message) => {
    expect(() => kafkaSettingsFrom(environment)).toThrow(new TypeError(message));
  });
});
