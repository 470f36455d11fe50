import { type CommandFactory, EXIT, type ExitCode } from '../command.js';

/** Runs a command as the command line does, with these arguments. Gives its exit code; rejects with what it throws. */
export async function runCommand<Dependencies>(
  factory: CommandFactory<Dependencies>,
  dependencies: Dependencies,
  args: readonly string[],
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const command = factory(dependencies, (code) => {
    exitCode = code;
  });
  await command.parseAsync(args, { from: 'user' });
  return exitCode;
}
