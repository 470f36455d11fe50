import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { kafkaSettingsFrom } from '#messaging';
import { loadConfig } from '#platform';
import { CHART, environmentOf, KUBERNETES, rendered, selects, VARIANTS, type Workload } from './support/chart.js';
import { describeWithTool, run } from './support/describe-with-tool.js';
import { opsHelp } from './support/ops-help.js';
import { knownVariables, services } from './support/settings.js';

describeWithTool('helm', () => {
  it.each(VARIANTS)('finds nothing wrong with the chart (%s)', (variant) => {
    expect(
      run('helm', [
        'lint',
        '--strict',
        '--kube-version',
        KUBERNETES,
        CHART,
        '--values',
        `${CHART}/ci/${variant}-values.yaml`,
      ]),
    ).toContain('0 chart(s) failed');
  });

  it.each([
    ['kafka.brokers must be set', ['--set', 'secrets.existingSecret=s']],
    ['secrets.eventStoreDbUrl or secrets.existingSecret must be set', ['--set', 'kafka.brokers=a:1']],
    [
      'kafka.saslUsername must be set',
      ['--set', 'kafka.brokers=a:1,secrets.existingSecret=s,kafka.saslMechanism=plain'],
    ],
  ])('says what is missing: %s', (sentence, args) => {
    expect(() => run('helm', ['template', 'shop', CHART, '--kube-version', KUBERNETES, ...args])).toThrow(sentence);
  });

  describe.each(VARIANTS)('of the variant %s', (variant) => {
    it('makes an api and a worker of every service, and nothing twice', () => {
      const { deployments, manifests } = rendered(variant);
      expect(deployments.map(({ metadata }) => metadata.name).sort()).toEqual(
        services.flatMap((service) => [`shop-einklang-${service}-api`, `shop-einklang-${service}-worker`]),
      );
      const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
      expect(new Set(names).size).toBe(names.length);
    });

    it('starts programs that exist, in the role they are named for', () => {
      const { deployments } = rendered(variant);
      for (const { metadata, spec } of deployments) {
        const [container] = spec.template.spec.containers;
        const program = container?.args[0] ?? '';
        expect(existsSync(program.replace(/^dist\//, '').replace(/\.js$/, '.ts'))).toBe(true);
        expect(metadata.name).toBe(
          `shop-einklang-${program.split('/')[2]}-${environmentOf(container ?? { env: [] }).EINKLANG_ROLE}`,
        );
      }
    });

    it('prepares topics and the tables of every service with what ops takes', () => {
      const { jobs } = rendered(variant);
      const commands = jobs.flatMap(({ spec }) => spec.template.spec.containers.map(({ args }) => args));
      expect(
        commands
          .map((args) =>
            args
              .slice(1)
              .filter((word) => !word.startsWith('-'))
              .join(' '),
          )
          .map((text) => text.replace(/ \d$/, '')),
      ).toEqual(['topics', ...services.map((service) => `prepare ${service}`)]);
      for (const [, command = '', ...words] of commands) {
        expect(opsHelp(command)).toContain(`Usage: ops ${command} `);
        expect(words.filter((word) => word.startsWith('--') && !opsHelp(command).includes(word))).toEqual([]);
      }
    });

    it('gives only variables that our programs read, each once, with values they take', () => {
      const { containers } = rendered(variant);
      const known = knownVariables();
      for (const container of containers) {
        const names = container.env.map(({ name }) => name);
        expect(names.filter((name) => !known.has(name))).toEqual([]);
        expect(new Set(names).size).toBe(names.length);
        expect(() => loadConfig(environmentOf(container))).not.toThrow();
        const { KAFKA_TLS_CA_FILE, KAFKA_TLS_CERT_FILE, KAFKA_TLS_KEY_FILE, ...readable } = environmentOf(container);
        expect(() => kafkaSettingsFrom(readable)).not.toThrow();
      }
    });

    it('takes every secret from a key that is there', () => {
      const { containers, secrets } = rendered(variant);
      const references = containers.flatMap(({ env }) => env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []));
      expect(references.length).toBeGreaterThan(30);
      const missing = references.filter(
        ({ name, key, optional }) =>
          !optional && !secrets.some(({ metadata, stringData }) => metadata.name === name && key in stringData),
      );
      if (variant === 'smallest') expect(missing).toEqual([]);
      else expect(new Set(references.map(({ name }) => name))).toEqual(new Set(['einklang']));
    });

    it('lets no pod be root, write its root, or reach the cluster', () => {
      const { containers, deployments, jobs } = rendered(variant);
      for (const { spec } of [...deployments, ...jobs]) {
        expect(spec.template.spec).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        });
      }
      for (const { securityContext, resources } of containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources.limits.memory).toBeDefined();
      }
    });

    it('asks after every service, and gives it time to end', () => {
      const { deployments } = rendered(variant);
      for (const { spec } of deployments) {
        const [container] = spec.template.spec.containers;
        expect(container).toMatchObject({
          startupProbe: { httpGet: { path: '/health/live', port: 'http' } },
          livenessProbe: { httpGet: { path: '/health/live', port: 'http' } },
          readinessProbe: { httpGet: { path: '/health/ready', port: 'http' } },
          lifecycle: { preStop: { sleep: { seconds: 5 } } },
        });
        expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(5 + SHUTDOWN_SECONDS);
        expect(mountsWithoutVolume(spec.template.spec)).toEqual([]);
      }
    });

    it('selects pods that are there, with every address, budget and policy', () => {
      const { deployments, selecting, services: addresses } = rendered(variant);
      for (const { spec, metadata } of addresses) {
        const behind = deployments.filter((deployment) =>
          selects(spec.selector, deployment.spec.template.metadata.labels),
        );
        expect(behind).toHaveLength(1);
        const ports = behind.flatMap((deployment) =>
          deployment.spec.template.spec.containers.flatMap(({ ports = [] }) => ports),
        );
        expect(spec.ports.filter(({ targetPort }) => !ports.some(({ name }) => name === targetPort))).toEqual([]);
        expect(spec.clusterIP).toBe(metadata.name.endsWith('-grpc') ? 'None' : undefined);
      }
      for (const { spec } of selecting) {
        const wanted = spec.selector?.matchLabels ?? spec.podSelector?.matchLabels;
        if (wanted)
          expect(deployments.some((deployment) => selects(wanted, deployment.spec.template.metadata.labels))).toBe(
            true,
          );
        else expect(deployments.some(({ metadata }) => metadata.name === spec.scaleTargetRef?.name)).toBe(true);
      }
      for (const { spec } of deployments)
        expect(spec.selector?.matchLabels && selects(spec.selector.matchLabels, spec.template.metadata.labels)).toBe(
          true,
        );
    });

    it('sets no number of replicas where an autoscaler does', () => {
      const { deployments, selecting } = rendered(variant);
      const scaled = new Set(selecting.flatMap(({ spec }) => spec.scaleTargetRef?.name ?? []));
      expect(
        deployments.filter(({ metadata, spec }) => scaled.has(metadata.name) === (spec.replicas !== undefined)),
      ).toEqual([]);
      expect(scaled.size).toBe(variant === 'everything' ? 1 : 0);
    });

    it('hands channels the address of orders', () => {
      const { deployments, services: addresses } = rendered(variant);
      const address = addresses.find(({ metadata }) => metadata.name === 'shop-einklang-orders-api');
      const told = deployments.flatMap(({ spec }) =>
        spec.template.spec.containers.flatMap((container) => environmentOf(container).ORDERS_URL ?? []),
      );
      expect(told).toEqual([1, 2].map(() => `http://${address?.metadata.name}:${address?.spec.ports[0]?.port}`));
    });
  });

  it('brings what the operator of Prometheus and Grafana need, when told', () => {
    const kinds = rendered('everything').manifests.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['ServiceMonitor', 'PrometheusRule', 'ConfigMap']));
    expect(rendered('smallest').manifests.map(({ kind }) => kind)).not.toEqual(
      expect.arrayContaining(['PrometheusRule']),
    );
  });
});

describeWithTool('kubernetes-validate', () => {
  it.each(VARIANTS)('finds every manifest as Kubernetes wants it (%s)', (variant) => {
    const { text, manifests } = rendered(variant);
    const own = manifests.filter(({ kind }) => kind !== 'ServiceMonitor' && kind !== 'PrometheusRule');
    expect(own.length).toBeGreaterThan(30);
    expect(() => run('kubernetes-validate', ['--strict', '--quiet', '-'], { input: text })).not.toThrow();
  });
});

const SHUTDOWN_SECONDS = 10;

function mountsWithoutVolume({ containers, volumes }: Workload['spec']['template']['spec']): string[] {
  const mounts = z.array(z.object({ volumeMounts: z.array(z.object({ name: z.string() })) })).parse(containers);
  return mounts
    .flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name))
    .filter((name) => !volumes.some((volume) => volume.name === name));
}
