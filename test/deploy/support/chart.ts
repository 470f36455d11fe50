import { z } from 'zod';
import { run } from './describe-with-tool.js';
import { yamlDocuments } from './files.js';

export const CHART = 'deploy/helm/einklang';
/** Said to helm, which otherwise takes the version it was built with for that of the cluster. */
export const KUBERNETES = '1.33.0';
/** What is said to the chart in these files of its folder `ci`. */
export const VARIANTS = ['smallest', 'everything'] as const;

const labels = z.record(z.string(), z.string());
const variable = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .object({ secretKeyRef: z.object({ name: z.string(), key: z.string(), optional: z.boolean().optional() }) })
    .optional(),
});
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(variable),
  ports: z.array(z.object({ name: z.string(), containerPort: z.int() })).optional(),
  resources: z.object({ requests: z.record(z.string(), z.string()), limits: z.record(z.string(), z.string()) }),
  securityContext: z.looseObject({}),
});
const podTemplate = z.object({
  metadata: z.object({ labels }),
  spec: z.looseObject({
    securityContext: z.looseObject({}),
    automountServiceAccountToken: z.boolean(),
    containers: z.array(container),
    volumes: z.array(z.looseObject({ name: z.string() })),
  }),
});

const metadata = z.object({ name: z.string(), labels, annotations: labels.optional() });
const any = z.looseObject({ kind: z.string(), metadata });
const workload = z.object({
  kind: z.enum(['Deployment', 'Job']),
  metadata,
  spec: z.looseObject({
    replicas: z.int().optional(),
    selector: z.object({ matchLabels: labels }).optional(),
    template: podTemplate,
  }),
});
const service = z.object({
  kind: z.literal('Service'),
  metadata,
  spec: z.object({
    clusterIP: z.string().optional(),
    selector: labels,
    ports: z.array(z.object({ name: z.string(), port: z.int(), targetPort: z.string(), appProtocol: z.string() })),
  }),
});
const selecting = z.object({
  kind: z.enum(['PodDisruptionBudget', 'NetworkPolicy', 'HorizontalPodAutoscaler']),
  metadata,
  spec: z.looseObject({
    selector: z.object({ matchLabels: labels }).optional(),
    podSelector: z.object({ matchLabels: labels }).optional(),
    scaleTargetRef: z.object({ kind: z.string(), name: z.string() }).optional(),
  }),
});
const secret = z.object({ kind: z.literal('Secret'), metadata, stringData: z.record(z.string(), z.string()) });

export type Workload = z.output<typeof workload>;

/** What `helm template` makes of a variant, sorted by what it is. Made once, when it is first asked for. */
export function rendered(variant: Variant): Rendered {
  const made = known.get(variant) ?? render(variant);
  known.set(variant, made);
  return made;
}

export type Variant = (typeof VARIANTS)[number];
type Rendered = ReturnType<typeof render>;
const known = new Map<Variant, Rendered>();

function render(variant: Variant) {
  const text = run('helm', [
    'template',
    'shop',
    CHART,
    '--kube-version',
    KUBERNETES,
    '--namespace',
    'shop',
    '--values',
    `${CHART}/ci/${variant}-values.yaml`,
  ]);
  const manifests = z.array(any).parse(yamlDocuments(text));
  const of = <Schema extends z.ZodType>(schema: Schema, ...kinds: string[]): z.output<Schema>[] =>
    manifests.filter(({ kind }) => kinds.includes(kind)).map((manifest) => schema.parse(manifest));
  const deployments = of(workload, 'Deployment');
  const jobs = of(workload, 'Job');
  return {
    text,
    manifests,
    deployments,
    jobs,
    containers: [...deployments, ...jobs].flatMap(({ spec }) => spec.template.spec.containers),
    services: of(service, 'Service'),
    selecting: of(selecting, 'PodDisruptionBudget', 'NetworkPolicy', 'HorizontalPodAutoscaler'),
    secrets: of(secret, 'Secret'),
  };
}

/** The environment of a container, with a value made up for every secret. */
export const environmentOf = ({
  env,
}: {
  readonly env: readonly z.output<typeof variable>[];
}): Record<string, string> =>
  Object.fromEntries(
    env.map(({ name, value }) => [name, value ?? madeUp[name.replace(/_[A-Z]+$/, '')] ?? 'f'.repeat(48)]),
  );

const madeUp: Record<string, string> = {
  EVENTSTOREDB: 'esdb://kurrentdb:2113',
  DATABASE: 'postgres://service@postgres/service',
};

/** Whether a pod with these labels is meant by this selector. */
export const selects = (
  selector: Readonly<Record<string, string>>,
  podLabels: Readonly<Record<string, string>>,
): boolean => Object.entries(selector).every(([name, value]) => podLabels[name] === value);
