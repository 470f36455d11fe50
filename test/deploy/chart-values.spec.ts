import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { z } from 'zod';
import { CHART, VARIANTS } from './support/chart.js';
import { readJson, readYaml } from './support/files.js';
import { services } from './support/settings.js';

const object = z.record(z.string(), z.unknown());
const schema = object.parse(readJson(`${CHART}/values.schema.json`));
const values = object.parse(readYaml(`${CHART}/values.yaml`));

describe('the values of the chart', () => {
  const validate = new Ajv({ allowUnionTypes: true }).compile(schema);
  const faultsOf = (given: unknown): unknown[] => {
    validate(given);
    return validate.errors ?? [];
  };

  it('fit their schema, as they come and in both variants', () => {
    expect(faultsOf(values)).toEqual([]);
    for (const variant of VARIANTS) {
      const given = object.parse(readYaml(`${CHART}/ci/${variant}-values.yaml`));
      expect(faultsOf({ ...values, ...withDefaults(given) })).toEqual([]);
    }
  });

  it.each([
    { logLevel: 'loud' },
    { logLevl: 'info' },
    { services: { ...object.parse(values.services), orders: { api: { replicas: -1 } } } },
    { kafka: { brokers: 'kafka' } },
    { secrets: { hashKey: 'short' } },
  ])('are refused where they are wrong: %j', (wrong) => {
    expect(faultsOf({ ...values, ...wrong })).not.toEqual([]);
  });

  it('name every service', () => {
    expect(Object.keys(object.parse(values.services)).sort()).toEqual([...services]);
    expect(Object.keys(object.parse(object.parse(values.secrets).databaseUrls)).sort()).toEqual([...services]);
  });

  it('bring no secret', () => {
    const { databaseUrls, ...secrets } = object.parse(values.secrets);
    expect(
      [...Object.values(secrets), ...Object.values(object.parse(databaseUrls))].filter((value) => value !== ''),
    ).toEqual([]);
  });

  /** Helm merges what is given into the defaults; one level is as deep as the required names go. */
  function withDefaults(given: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(given).map(([name, value]) => {
        const preset = object.safeParse(values[name]);
        return [name, preset.success && !Array.isArray(value) ? { ...preset.data, ...object.parse(value) } : value];
      }),
    );
  }
});

describe('the chart', () => {
  it('is of the version of the project', () => {
    const { version } = z.object({ version: z.string() }).parse(readJson('package.json'));
    expect(readYaml(`${CHART}/Chart.yaml`)).toMatchObject({ version, appVersion: version });
  });

  it('takes alerts and dashboards from where they are kept', () => {
    expect(readFileSync(`${CHART}/monitoring/rules.yaml`, 'utf8')).toBe(
      readFileSync('deploy/monitoring/rules.yaml', 'utf8'),
    );
    expect(existsSync(`${CHART}/monitoring/dashboards/overview.json`)).toBe(true);
  });
});
