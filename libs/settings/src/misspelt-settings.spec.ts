import { describe, expect, it } from '@jest/globals';
import { misspeltSettings } from './misspelt-settings.js';

describe('a variable that looks like a setting and is none', () => {
  it.each([
    ['EINKLANG_HTTP_PROT', 'EINKLANG_HTTP_PORT'],
    ['einklang_http_port', 'EINKLANG_HTTP_PORT'],
    ['EINKLANG_HASHKEY', 'EINKLANG_HASH_KEY'],
    ['EINKLANG_LOGLEVEL', 'EINKLANG_LOG_LEVEL'],
    ['DATABASE_URI', 'DATABASE_URL'],
    ['EVENTSTORE_URL', 'EVENTSTOREDB_URL'],
    ['KAFKA_BROKER', 'KAFKA_BROKERS'],
    ['SIMULATED_SHOP_SECRETS', 'SIMULATED_SHOP_SECRET'],
    ['Kafka_Tls', 'KAFKA_TLS'],
  ])('%s is answered with the one that was meant', (name, meant) => {
    expect(misspeltSettings({ [name]: 'x' })).toEqual([`${name} is no setting. Did you mean ${meant}?`]);
  });

  it('is a sentence of its own where none is near', () => {
    expect(misspeltSettings({ EINKLANG_TURBO: '1' })).toEqual([expect.stringMatching(/^EINKLANG_TURBO is no setting/)]);
  });

  it.each([
    ['the settings themselves', { EINKLANG_HTTP_PORT: '1', KAFKA_TLS: 'true', EINKLANG_GRPC_PORT: '' }],
    ['other programs', { PATH: '/bin', HOME: '/', DATABASE_NAME: 'x', KAFKA_HEAP_OPTS: '-Xmx1g', KAFKA_OPTS: '' }],
    ['a database of another name beside ours', { DATABASE_URL: 'postgres://a', DATABASE_URI: 'postgres://b' }],
    [
      'services of a cluster',
      {
        EINKLANG_ORDERS_SERVICE_HOST: '10.0.0.1',
        EINKLANG_ORDERS_PORT: 'tcp://10.0.0.1:3000',
        EINKLANG_ORDERS_PORT_3000_TCP: 'x',
      },
    ],
    ['tests', { EINKLANG_TEST_BUILD: 'fresh', EINKLANG_VERSION: '1' }],
  ])('is not found among %s', (_, environment) => {
    expect(misspeltSettings(environment)).toEqual([]);
  });
});
