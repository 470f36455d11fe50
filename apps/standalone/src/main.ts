import { Logger } from '@nestjs/common';
import { endOnSignals, loadConfig, PinoLogger, runMain, Shutdown } from '#platform';
import { startStandalone } from './start-standalone.js';

await runMain(async () => {
  const config = loadConfig();
  Logger.overrideLogger(new PinoLogger(config.logLevel));
  const shutdown = new Shutdown();
  endOnSignals(shutdown);
  const { httpUrl, grpcPort } = await startStandalone(config, shutdown);
  process.stdout.write(
    `Einklang answers at ${httpUrl} (API docs: ${httpUrl}/docs), gRPC on port ${grpcPort}. Ctrl-C ends it.\n`,
  );
});
