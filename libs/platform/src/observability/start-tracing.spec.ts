import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';

const told = z.object({
  sampled: z.int().optional(),
  error: z.string().optional(),
  loaded: z.int(),
  telemetry: z.int(),
  clean: z.boolean(),
  endedWithinMs: z.int(),
});

/** No server listens there. */
const COLLECTOR = 'http://127.0.0.1:9';

describe('tracing', () => {
  it('loads nothing where the environment names no collector', async () => {
    expect(await startedWith({}, 'everything')).toMatchObject({ sampled: 0, loaded: 0, telemetry: 0 });
    expect(await startedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toMatchObject({ sampled: 0, telemetry: 0 });
  });

  it('is on where it does, and a collector that is away holds up no end', async () => {
    const { sampled, telemetry, clean, endedWithinMs } = await startedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR });
    expect(telemetry).toBeGreaterThan(0);
    expect({ sampled, clean }).toEqual({ sampled: 1_000, clean: true });
    expect(endedWithinMs).toBeLessThan(5_000);
  });

  it.each([
    ['always_off', undefined, 0, 0],
    ['parentbased_always_on', undefined, 1_000, 1_000],
    ['traceidratio', '0', 0, 0],
    ['parentbased_traceidratio', '0.5', 300, 700],
    ['traceidratio', undefined, 1_000, 1_000],
  ])('samples as %s (%s) says', async (sampler, argument, least, most) => {
    const { sampled } = await startedWith({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${COLLECTOR}/v1/traces`,
      OTEL_TRACES_SAMPLER: sampler,
      ...(argument !== undefined && { OTEL_TRACES_SAMPLER_ARG: argument }),
    });
    expect(sampled).toBeGreaterThanOrEqual(least);
    expect(sampled).toBeLessThanOrEqual(most);
  });

  it.each([
    [{ OTEL_TRACES_SAMPLER: 'sometimes' }, 'OTEL_TRACES_SAMPLER must be always_on'],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: 'half' }, 'OTEL_TRACES_SAMPLER_ARG must be'],
  ])('refuses %j in one sentence', async (environment, sentence) => {
    const { error } = await startedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, ...environment });
    expect(error).toContain(sentence);
  });
});

async function startedWith(environment: Readonly<Record<string, string>>, ...args: 'everything'[]) {
  const hooks = new URL('../../../testing/src/typescript-hooks.ts', import.meta.url);
  const program = new URL('../../test/tracing-process.ts', import.meta.url);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', hooks.href, fileURLToPath(program), ...args],
    {
      env: { PATH: process.env.PATH, ...environment },
    },
  );
  // A warning of the library may come before it, on a line of its own.
  return told.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
}
