import { globSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { seriesOfTheCode } from './support/code-metrics.js';
import { describeWithTool, run } from './support/describe-with-tool.js';
import { readJson, readYaml } from './support/files.js';
import { groupingIn, selectorsIn } from './support/promql.js';
import { services } from './support/settings.js';

const RULES = 'deploy/monitoring/rules.yaml';

const rulesFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.strictObject({ summary: z.string().min(10), runbook: z.string().min(30) }),
        }),
      ),
    }),
  ),
});
const dashboard = z.object({
  uid: z.string(),
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).optional(),
      gridPos: z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
    }),
  ),
  templating: z.object({ list: z.array(z.object({ name: z.string(), definition: z.string().optional() })) }),
});

const rules = rulesFile.parse(readYaml(RULES)).groups.flatMap((group) => group.rules);
const dashboards = globSync('deploy/monitoring/dashboards/*.json').map((path) => ({
  path,
  ...dashboard.parse(readJson(path)),
}));

/** What the scrape configuration adds. */
const targetLabels = ['service', 'component', 'instance', 'job'];

let known: ReadonlyMap<string, ReadonlySet<string>>;

describe('alerts and dashboards', () => {
  beforeAll(async () => {
    known = new Map([...(await seriesOfTheCode()), ['up', new Set<string>()]]);
  });

  it('there is an alert for what an operator has to know', () => {
    const alerts = new Set(rules.map(({ alert }) => alert));
    expect(alerts.size).toBe(rules.length);
    const needed = [
      'EinklangRunnerFallsBehind',
      'EinklangRunnerNotReady',
      'EinklangEventsParked',
      'EinklangDeadLetters',
      'EinklangPartitionStuck',
      'EinklangCommandConflicts',
      'EinklangMailboxDeep',
      'EinklangRelayFailing',
      'EinklangPushLag',
      'EinklangServerErrors',
      'EinklangMessagesMissing',
    ];
    expect(needed.filter((alert) => !alerts.has(alert))).toEqual([]);
  });

  it.each(rules)('$alert asks for series and labels that the code shows', ({ expr, annotations }) => {
    expect(faultsIn(expr)).toEqual([]);
    const shown = [...`${annotations.summary} ${annotations.runbook}`.matchAll(/\$labels\.(\w+)/g)];
    expect(shown.map(([, label = '']) => label).filter((label) => !labelsFor(expr).has(label))).toEqual([]);
  });

  it.each(dashboards)('$path asks for series and labels that the code shows', ({ panels, templating }) => {
    const targets = panels.flatMap((panel) => panel.targets ?? []);
    const queries = templating.list.flatMap(({ definition }) => definition ?? []);
    expect(targets.length).toBeGreaterThan(5);
    expect([...targets.map(({ expr }) => expr), ...queries].flatMap(faultsIn)).toEqual([]);
    const legends = targets.flatMap(({ expr, legendFormat }) =>
      [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].filter(([, label = '']) => !labelsFor(expr).has(label)),
    );
    expect(legends).toEqual([]);
  });

  it.each(dashboards)('$path uses only variables that it has', ({ panels, templating }) => {
    const has = new Set([...templating.list.map(({ name }) => name), '__rate_interval']);
    const used = panels.flatMap((panel) => (panel.targets ?? []).flatMap(({ expr }) => [...expr.matchAll(/\$(\w+)/g)]));
    expect(used.map(([, name = '']) => name).filter((name) => !has.has(name))).toEqual([]);
  });

  it.each(dashboards)('$path has no two panels in one place', ({ panels }) => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it('shows every series of ours somewhere', () => {
    const asked = new Set(
      dashboards
        .flatMap(({ panels }) => panels.flatMap(({ targets }) => targets ?? []))
        .flatMap(({ expr }) => selectorsIn(expr))
        .map(({ series }) => series.replace(/_(bucket|sum|count)$/, '')),
    );
    const ours = [...known.keys()].filter((series) => series.startsWith('einklang_'));
    expect(ours.length).toBeGreaterThan(25);
    expect(ours.filter((series) => !asked.has(series.replace(/_(bucket|sum|count)$/, '')))).toEqual([]);
  });

  it('alerts name every service', () => {
    const named = rules.flatMap(({ expr }) => [...expr.matchAll(/absent\(up\{service="(\w+)"\}\)/g)]);
    expect(named.map(([, name]) => name).sort()).toEqual([...services]);
  });

  it.each(['einklang_no_such_total', 'sum by (colour) (einklang_runner_lag)', 'einklang_runner_lag{color="red"}'])(
    'would notice "%s"',
    (expression) => {
      expect(faultsIn(expression)).not.toEqual([]);
    },
  );
});

describeWithTool('promtool', () => {
  it('takes the rules', () => {
    expect(run('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', RULES])).toContain(`${rules.length} rules`);
  });

  it('takes what Prometheus is configured with', () => {
    expect(
      run('promtool', ['check', 'config', '--syntax-only', 'deploy/compose/prometheus/prometheus.yaml']),
    ).toContain('SUCCESS');
  });

  it('sees alerts come when they should, and stay away when they should not', () => {
    expect(run('promtool', ['test', 'rules', 'test/deploy/rules.promtool.yaml'])).toContain('SUCCESS');
  });
});

/** What an expression asks for and the code does not show. */
function faultsIn(expression: string): string[] {
  const selectors = selectorsIn(expression);
  if (selectors.length === 0) return [`no series in ${expression}`];
  const unknownSeries = selectors.filter(({ series }) => !known.has(series)).map(({ series }) => series);
  const unknownMatchers = selectors.flatMap(({ series, labels }) =>
    labels
      .filter((label) => !targetLabels.includes(label) && !known.get(series)?.has(label))
      .map((label) => `${series}{${label}}`),
  );
  const unknownGroups = groupingIn(expression).filter((label) => !labelsFor(expression).has(label));
  return [...unknownSeries, ...unknownMatchers, ...unknownGroups];
}

const labelsFor = (expression: string): Set<string> =>
  new Set([...targetLabels, ...selectorsIn(expression).flatMap(({ series }) => [...(known.get(series) ?? [])])]);
