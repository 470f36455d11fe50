import { globSync, readFileSync } from 'node:fs';
import { serviceNames } from '#contracts';

/** What the OpenTelemetry SDK reads by itself. */
const readBySdk = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_SERVICE_NAME',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
];

/** Every environment variable our programs read: a key of a schema, or a property of an environment. */
export function knownVariables(): ReadonlySet<string> {
  const sources = globSync('{apps,libs}/*/src/**/*.ts').filter((path) => !path.endsWith('.spec.ts'));
  const names = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\b(?:environment|env)\.([A-Z][A-Z0-9_]+)|^\s*([A-Z][A-Z0-9_]+):/gm)].map(
      ([, property, key]) => property ?? key ?? '',
    ),
  );
  return new Set([...names, ...readBySdk]);
}

/** The services by name, in the order of the alphabet. */
export const services = serviceNames.toSorted();
