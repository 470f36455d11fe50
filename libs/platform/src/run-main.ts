import { StartupError } from './startup-error.js';

/** Runs the main function of a program. A {@link StartupError} is reported in its own sentence; both it and a fault exit with 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(
      `${error instanceof StartupError ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exit(1);
  }
}
