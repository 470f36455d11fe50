import { describe, expect, it } from '@jest/globals';
import { serviceNames } from '#contracts';
import { endOf, outputOf, startProgram } from './support/programs.js';

const SETTINGS = {
  EVENTSTOREDB_URL: 'esdb://127.0.0.1:1?tls=false',
  DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  KAFKA_BROKERS: '127.0.0.1:1',
  EINKLANG_HASH_KEY: 'a secret of more than 32 characters',
};

async function run(service: string, args: string[], environment: Record<string, string> = {}) {
  const child = startProgram(`apps/${service}/src/main`, args, environment);
  const output = outputOf(child);
  return { exitCode: await endOf(child), output: output() };
}

describe.each(serviceNames)('%s as a process of its own', (service) => {
  it('says what it is and which settings it takes', async () => {
    const { exitCode, output } = await run(service, ['--help']);
    expect(exitCode).toBe(0);
    for (const variable of [...Object.keys(SETTINGS), 'EINKLANG_ROLE']) expect(output).toContain(variable);
  });

  it('names every setting it lacks, and the way to do without them', async () => {
    const { exitCode, output } = await run(service, []);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^A service of its own needs .* npm start\.$/);
    for (const variable of Object.keys(SETTINGS)) expect(output).toContain(variable);
  });
});

it('a service whose settings are wrong says which', async () => {
  const { exitCode, output } = await run('catalog', [], { ...SETTINGS, EINKLANG_ROLE: 'boss' });
  expect({ exitCode, output }).toEqual({
    exitCode: 1,
    output: 'EINKLANG_ROLE must be one of all, api, worker, not "boss".',
  });
  const { output: brokers } = await run('catalog', [], { ...SETTINGS, KAFKA_BROKERS: 'nowhere' });
  expect(brokers).toContain('KAFKA_BROKERS must be one or more host:port, separated by commas, not "nowhere".');
});
