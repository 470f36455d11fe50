import { globSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { z } from 'zod';
import { readJson, readYaml } from './support/files.js';

const rules = z
  .object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })) })
  .parse(readYaml('deploy/monitoring/rules.yaml'))
  .groups.flatMap((group) => group.rules.map(({ alert, expr }) => ({ where: alert, expr })));

const dashboard = z.object({
  title: z.string(),
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).optional() })),
});
const panels = globSync('deploy/monitoring/dashboards/*.json').flatMap((path) => {
  const { title, panels } = dashboard.parse(readJson(path));
  return panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr }) => ({ where: `${title}, ${panel.title}`, expr })),
  );
});

describe('every expression is PromQL', () => {
  it.each([...rules, ...panels])('$where: $expr', ({ expr }) => {
    expect(faultsIn(expr)).toEqual([]);
  });

  it.each(['sum by (service (up)', 'rate(up[5m]', 'up{service~"a"}'])('would notice "%s"', (expr) => {
    expect(faultsIn(expr)).not.toEqual([]);
  });
});

/** What stands where the grammar of Prometheus has no place for it. Grafana puts durations in for its variables. */
function faultsIn(expression: string): string[] {
  const text = expression.replaceAll('$__rate_interval', '5m');
  const faults: string[] = [];
  parser.parse(text).iterate({
    enter: ({ type, from }) => {
      if (type.isError) faults.push(`at ${from}: ${text.slice(from, from + 20)}`);
    },
  });
  return faults;
}
