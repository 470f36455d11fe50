import { globSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

/** A place outside the folder of a service that names services, and must name exactly those of the list. */
export interface ServicePlace {
  readonly place: string;
  /** The services it names, of the text of its file; programs and folders are looked for instead where there is none. */
  readonly named: (read: ReadText) => readonly string[];
  /** Which services belong there; all of them where nothing is said. */
  readonly only?: (service: ServiceOfList) => boolean;
}

export type ReadText = (path: string) => string;

export interface ServiceOfList {
  readonly name: string;
  readonly topics: readonly string[];
  readonly hasGrpc: boolean;
}

/** Every name that is missing in a place or is too much there, as a sentence. */
export function misnamedIn(
  places: readonly ServicePlace[],
  services: readonly ServiceOfList[],
  read: ReadText = (path) => readFileSync(path, 'utf8'),
): string[] {
  return places.flatMap(({ place, named, only = () => true }) => {
    const found = new Set(named(read));
    const wanted = new Set(services.filter(only).map(({ name }) => name));
    return [
      ...[...wanted].filter((name) => !found.has(name)).map((name) => `${place} does not name ${name}.`),
      ...[...found]
        .filter((name) => !wanted.has(name))
        .map((name) => `${place} names ${name}, which is not in the list.`),
    ];
  });
}

const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);
const words = (text: string): string[] => text.split(/[\s|,]+/).filter((word) => word !== '');
const keys = (value: unknown): string[] => Object.keys(z.record(z.string(), z.unknown()).parse(value));

/** The one match of a pattern. Throws where there is none: a place that cannot be read is not in order. */
function part(text: string, pattern: RegExp): string {
  const [, found] = pattern.exec(text) ?? [];
  if (found === undefined) throw new Error(`Nothing is like ${pattern}.`);
  return found;
}

const folders = (pattern: string): string[] => globSync(pattern).map((path) => path.split('/')[1] ?? '');

const COMPOSE = 'deploy/compose/compose.yaml';
const NGINX = 'deploy/gateway/nginx.conf';
const RULES = 'deploy/monitoring/rules.yaml';
const PROMETHEUS = 'deploy/compose/prometheus/prometheus.yaml';
const CHART = 'deploy/helm/einklang';

const inCompose = (pattern: RegExp) => (read: ReadText) => matches(read(COMPOSE), pattern);

/** The values that every selector of a file has, one after the other: an alert that leaves one out is a gap. */
const inEvery = ([first = '', ...others]: readonly string[]): string[] =>
  words(first).filter((name) => others.every((list) => words(list).includes(name)));

const valuesOf = (text: string) =>
  z.looseObject({ secrets: z.looseObject({ databaseUrls: z.unknown() }) }).parse(parse(text));

export const servicePlaces: readonly ServicePlace[] = [
  {
    place: 'apps/<service>/src/main.ts',
    named: (read) =>
      folders('apps/*/src/main.ts').filter((name) => /runService\(/.test(read(`apps/${name}/src/main.ts`))),
  },
  { place: 'apps/<service>/src/publishes.ts', named: () => folders('apps/*/src/publishes.ts') },
  {
    place: 'apps/standalone/src/services.ts',
    named: (read) => matches(read('apps/standalone/src/services.ts'), /^ {2}(\w+): \{\s*module/gm),
  },
  {
    place: 'deploy/kafka/topics.json',
    named: (read) =>
      z
        .array(z.looseObject({ owner: z.string() }))
        .parse(JSON.parse(read('deploy/kafka/topics.json')))
        .map(({ owner }) => owner),
  },
  {
    place: 'the table in README.md',
    named: (read) => matches(read('README.md'), /\]\(apps\/(\w+)\/README\.md\)/g).filter((name) => !PROGRAMS.has(name)),
  },
  { place: `${COMPOSE}, programs`, named: inCompose(/command: \[dist\/apps\/(\w+)\/src\/main\.js\]/g) },
  { place: `${COMPOSE}, preparations`, named: inCompose(/prepare, --service, (\w+)\]/g) },
  {
    place: `${COMPOSE}, databases`,
    named: inCompose(/postgres:\/\/(\w+):\$\{SERVICES_DATABASE_PASSWORD\}@postgres:5432\/\1$/gm),
  },
  {
    place: `${COMPOSE}, what the gateway waits for`,
    named: (read) =>
      matches(part(read(COMPOSE), /\n {2}gateway:\n([\s\S]*?)\n {2}#/), /^ {6}(\w+?)(?:-api)?: \{ condition/gm),
  },
  {
    place: 'deploy/compose/postgres/databases.sh',
    named: (read) => words(part(read('deploy/compose/postgres/databases.sh'), /for service in (.*); do/)),
  },
  {
    place: `${PROMETHEUS}, addresses`,
    named: (read) => words(part(read(PROMETHEUS), /names: \[(.*)\]/)).map((host) => host.replace(/-(api|worker)$/, '')),
  },
  { place: `${RULES}, selectors`, named: (read) => inEvery(matches(read(RULES), /service=~"([\w|]+)"/g)) },
  { place: `${RULES}, absences`, named: (read) => matches(read(RULES), /absent\(up\{service="(\w+)"\}\)/g) },
  { place: `${NGINX}, hosts`, named: (read) => matches(read(NGINX), /^ {2}upstream ([a-z]+) /gm) },
  { place: `${NGINX}, documents`, named: (read) => words(part(read(NGINX), /\(\?<service>([\w|]+)\)/)) },
  { place: `${NGINX}, routes`, named: (read) => matches(read(NGINX), /\/v1\/.* proxy_pass http:\/\/(\w+);/g) },
  {
    place: `${NGINX}, gRPC`,
    named: (read) => matches(read(NGINX), /^ {2}upstream (\w+)_grpc /gm),
    only: ({ hasGrpc }) => hasGrpc,
  },
  {
    place: `${CHART}/values.yaml, services`,
    named: (read) => keys(z.looseObject({ services: z.unknown() }).parse(parse(read(`${CHART}/values.yaml`))).services),
  },
  {
    place: `${CHART}/values.yaml, databases`,
    named: (read) => keys(valuesOf(read(`${CHART}/values.yaml`)).secrets.databaseUrls),
  },
  {
    place: `${CHART}/values.schema.json, databases`,
    named: (read) =>
      words(part(read(`${CHART}/values.schema.json`), /"required": \[("catalog"[^\]]*)\]/).replaceAll('"', '')),
  },
  {
    place: `${CHART}/ci/smallest-values.yaml, databases`,
    named: (read) => keys(valuesOf(read(`${CHART}/ci/smallest-values.yaml`)).secrets.databaseUrls),
  },
  {
    place: `${CHART}/templates/_helpers.tpl, gRPC`,
    named: (read) => matches(part(read(`${CHART}/templates/_helpers.tpl`), /hasGrpc: (.*)/), /eq \$service "(\w+)"/g),
    only: ({ hasGrpc }) => hasGrpc,
  },
];

/** Apps that are no services. */
const PROGRAMS = new Set(['standalone', 'ops']);
