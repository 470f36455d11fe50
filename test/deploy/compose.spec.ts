import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { kafkaSettingsFrom } from '#messaging';
import { loadConfig } from '#platform';
import { readJson, readYaml } from './support/files.js';
import { opsHelp } from './support/ops-help.js';
import { routes } from './support/routes.js';
import { knownVariables, services } from './support/settings.js';

const FOLDER = 'deploy/compose';
const FILE = join(FOLDER, 'compose.yaml');

const composeFile = z.object({
  volumes: z.record(z.string(), z.unknown()),
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.string()).default({}),
      volumes: z.array(z.string()).default([]),
      ports: z.array(z.string()).default([]),
      depends_on: z
        .union([z.record(z.string(), z.unknown()).transform((services) => Object.keys(services)), z.array(z.string())])
        .default([]),
      healthcheck: z.looseObject({ disable: z.boolean().optional() }).optional(),
      deploy: z.object({
        resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string() }) }),
      }),
    }),
  ),
});

const text = readFileSync(FILE, 'utf8');
const { services: compose, volumes: namedVolumes } = composeFile.parse(readYaml(FILE));
const all = Object.entries(compose).map(([name, service]) => ({ name, ...service }));
const ours = all.filter(({ image }) => image.startsWith('einklang:'));
const programs = ours.filter(({ command }) => !command?.[0]?.includes('/ops/'));
const jobs = ours.filter(({ command }) => command?.[0]?.includes('/ops/'));

/** Stands for every secret that .env has to bring. */
const SECRET = 'f'.repeat(48);
const filledIn = (environment: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/\$\{\w+(?::-([^}]*)|:\?[^}]*)?\}/g, (_, preset) => preset ?? SECRET),
    ]),
  );

describe('the compose file', () => {
  it('is what the Compose Specification allows', () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      z.record(z.string(), z.unknown()).parse(readJson('test/deploy/schemas/compose-spec.json')),
    );
    validate(readYaml(FILE));
    expect(validate.errors ?? []).toEqual([]);
    validate({ services: { kafka: { image: 'kafka', helthcheck: {} } } });
    expect(validate.errors).not.toBeNull();
  });

  it('runs every service, in both roles together or apart', () => {
    const roles = new Map(services.map((service) => [service, new Set<string>()]));
    for (const { command, environment } of programs) {
      const service = services.find((name) => command?.[0] === `dist/apps/${name}/src/main.js`);
      if (service) roles.get(service)?.add(environment.EINKLANG_ROLE ?? '');
    }
    for (const played of roles.values()) expect([['all'], ['api', 'worker']]).toContainEqual([...played].sort());
  });

  it.each(ours)('$name is started with a program that exists', ({ command }) => {
    const source = command?.[0]?.replace(/^dist\//, '').replace(/\.js$/, '.ts') ?? '';
    expect(existsSync(source)).toBe(true);
  });

  it.each(jobs)('$name calls ops with what it takes', ({ command = [] }) => {
    const help = opsHelp(command[1] ?? '');
    expect(help).toContain(`Usage: ops ${command[1]} `);
    expect(command.filter((word) => word.startsWith('--') && !help.includes(word))).toEqual([]);
  });

  it.each(ours)('$name is given only variables that our programs read, with values they take', ({ environment }) => {
    const known = knownVariables();
    expect(Object.keys(environment).filter((name) => !known.has(name))).toEqual([]);
    expect(() => loadConfig(filledIn(environment))).not.toThrow();
    expect(() => kafkaSettingsFrom(filledIn(environment))).not.toThrow();
  });

  it.each(programs)('$name has all that a service of its own needs', ({ environment }) => {
    expect(environment).toMatchObject({
      EVENTSTOREDB_URL: expect.any(String),
      KAFKA_BROKERS: expect.any(String),
      DATABASE_URL: expect.any(String),
      EINKLANG_HASH_KEY: expect.any(String),
    });
  });

  it.each(all)('$name has limits, a pinned image and mounts that exist', ({ image, volumes }) => {
    expect(image).toMatch(/:(v?\d+\.\d+[\w.-]*|\$\{EINKLANG_VERSION:-\d+\.\d+\.\d+\})$/);
    const mounted = volumes.map((volume) => volume.split(':')[0] ?? '').filter((path) => path.startsWith('.'));
    expect(mounted.filter((path) => !existsSync(join(FOLDER, path)))).toEqual([]);
  });

  it('waits for services, and mounts volumes, that it has', () => {
    const volumes = all.flatMap((service) => service.volumes.map((volume) => volume.split(':')[0] ?? ''));
    expect(volumes.filter((name) => !name.startsWith('.') && !Object.hasOwn(namedVolumes, name))).toEqual([]);
    const awaited = all.flatMap((service) => service.depends_on);
    expect(awaited).toEqual(expect.arrayContaining(['topics', 'jaeger']));
    expect(awaited.filter((name) => !Object.hasOwn(compose, name))).toEqual([]);
  });

  it('publishes ports on this machine only, and has no password in it', () => {
    expect(all.flatMap(({ ports }) => ports).filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    const secrets = text.matchAll(/^\s*\w*(?:PASSWORD|SECRET|KEY)\w*: (.*)$/gm);
    expect([...secrets].filter(([, value = '']) => !/^\$\{\w+:(\?.+|-)\}$/.test(value))).toEqual([]);
  });

  it('takes from .env what the example there lists, and nothing else', () => {
    const used = [...text.replaceAll(/^\s*#.*$/gm, '').matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    const listed = [...readFileSync(join(FOLDER, '.env.example'), 'utf8').matchAll(/^#?([A-Z_]+)=/gm)].map(
      ([, name]) => name,
    );
    expect(new Set(used)).toEqual(new Set(listed));
  });

  it('does not start while a secret in .env is empty, except that of the simulated shops', () => {
    const needed = [...text.matchAll(/\$\{(\w+):\?must be set in \.env/g)].map(([, name]) => name);
    const empty = [...readFileSync(join(FOLDER, '.env.example'), 'utf8').matchAll(/^(\w+)=$/gm)].map(
      ([, name]) => name,
    );
    expect(new Set([...needed, 'SIMULATED_SHOP_SECRET'])).toEqual(new Set(empty));
  });

  it('has Prometheus ask every process of ours', () => {
    const { scrape_configs } = z
      .object({
        scrape_configs: z.array(
          z.looseObject({ dns_sd_configs: z.array(z.object({ names: z.array(z.string()) })).optional() }),
        ),
      })
      .parse(readYaml(join(FOLDER, 'prometheus/prometheus.yaml')));
    const asked = scrape_configs.flatMap(({ dns_sd_configs = [] }) => dns_sd_configs.flatMap(({ names }) => names));
    expect(asked.toSorted()).toEqual(programs.map(({ name }) => name).sort());
  });
});

describe('the gateway of the compose file', () => {
  const config = readFileSync('deploy/gateway/nginx.conf', 'utf8');
  const locations = [...config.matchAll(/location ~ (\S+) \{ proxy_pass http:\/\/(\w+); \}/g)].map(
    ([, pattern = '', upstream = '']) => ({
      pattern: new RegExp(pattern),
      upstream,
    }),
  );
  const upstreams = new Map(
    [...config.matchAll(/upstream (\w+)[^}]*?server ([\w-]+):(\d+) resolve/gs)].map(([, name = '', host = '']) => [
      name,
      host,
    ]),
  );

  it.each(routes())('sends $path to $service', ({ path, service }) => {
    const target = locations.find(({ pattern }) => pattern.test(path))?.upstream;
    expect(target).toBe(service);
  });

  it('knows no address that is not a process of ours', () => {
    expect(upstreams.size).toBe(9);
    expect([...upstreams.values()].filter((host) => !programs.some(({ name }) => name === host))).toEqual([]);
  });

  it('lets no caller from outside use what services call among themselves', () => {
    expect(
      locations.filter(({ pattern }) => pattern.test('/internal/channel-sales') || pattern.test('/metrics')),
    ).toEqual([]);
  });

  it.each([
    ['/v1/stock/OAK-LAMP/receipts', 'OAK-LAMP'],
    ['/v1/stock/OAK%2FLAMP?asOf=1', 'OAK%2FLAMP'],
    ['/v1/reservations/OAK-LAMP/4711/confirm', 'OAK-LAMP'],
    ['/v1/variants/OAK-LAMP/prices/amazon', 'OAK-LAMP'],
    ['/v1/stock/movements/bulk', ''],
    ['/v1/reservations/bulk', ''],
    ['/v1/reservations', ''],
  ])('finds the SKU in %s', (path, sku) => {
    const map = /map \$request_uri \$sku_in_path \{(.*?)\n {2}\}/s.exec(config)?.[1] ?? '';
    const patterns = [...map.matchAll(/^\s*~(\S+)\s+(\S+);$/gm)].map(([, pattern = '']) => new RegExp(pattern));
    expect(patterns).toHaveLength(3);
    const match = patterns.map((pattern) => pattern.exec(path)).find((found) => found !== null);
    expect(match?.groups?.sku ?? '').toBe(sku);
  });
});
