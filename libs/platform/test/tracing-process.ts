import { registerHooks } from 'node:module';

// A program that starts tracing as its environment says and tells what that loaded: in a process of its own, because jest
// takes the names of OpenTelemetry's inner files for those of our libraries.
const loaded: string[] = [];
registerHooks({
  load(url, context, nextLoad) {
    loaded.push(url);
    return nextLoad(url, context);
  },
});

// What any program of ours loads, where that is asked for: it takes seconds from the sources.
if (process.argv[2] === 'everything') await import('#platform/host');
const { startTracing } = await import('../src/observability/start-tracing.js');
const { Shutdown } = await import('../src/shutdown.js');
const { beginTrace } = await import('#event-sourcing');
const before = loaded.length;
const shutdown = new Shutdown();
const answer = await startTracing('spec', shutdown).then(
  () => {
    const spans = Array.from({ length: 1_000 }, () => beginTrace({ name: 'step', kind: 'internal' }));
    return { sampled: spans.filter((span) => span !== undefined).length };
  },
  (error: unknown) => ({ error: String(error) }),
);
const startedAtMs = performance.now();
const clean = await shutdown.run();
// prom-client brings the interfaces with it, whether traces are on or not.
const telemetry = loaded.filter((url) => /\/@opentelemetry\/(?!api\/)/.test(url)).length;
process.stdout.write(
  JSON.stringify({
    ...answer,
    loaded: loaded.length - before,
    telemetry,
    clean,
    endedWithinMs: Math.ceil(performance.now() - startedAtMs),
  }),
);
process.exit(0);
