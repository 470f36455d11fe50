import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { useTracer } from '#event-sourcing';
import type { Shutdown } from '../shutdown.js';

/**
 * Turns traces on where the environment says where to send them (`OTEL_EXPORTER_OTLP_ENDPOINT`, or
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`); elsewhere nothing is loaded. Call it before anything else is opened, so that
 * what is closed later can still be traced. `program` is the name of the service unless `OTEL_SERVICE_NAME` gives one.
 */
export async function startTracing(
  program: string,
  shutdown: Shutdown,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<void> {
  if (!environment.OTEL_EXPORTER_OTLP_ENDPOINT && !environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return;
  const { openTelemetry } = await import('./open-telemetry.js');
  const { tracer, close } = openTelemetry(program, environment, (message) => logger.warn(message));
  useTracer(tracer);
  shutdown.onShutdown('traces', async () => {
    useTracer(undefined);
    // A collector that is away holds up no end: the last spans are lost then.
    await Promise.race([close().catch(() => {}), delay(FLUSH_LIMIT_MS, undefined, { ref: false })]);
  });
}

const logger = new Logger('Traces');
const FLUSH_LIMIT_MS = 2_000;
