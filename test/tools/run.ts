import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a program printed, and how it ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a program to its end, in the folder of the checkout. Rejects where it cannot be started. */
export async function run(
  program: string,
  args: readonly string[],
  { environment = {}, show = false }: { readonly environment?: Record<string, string>; readonly show?: boolean } = {},
): Promise<Ended> {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, cwd: ROOT });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (show) process.stdout.write(text);
    });
  }
  const [exitCode] = await once(child, 'close');
  return { exitCode, output };
}

/** From the sources as from the build. */
const ROOT = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../' : '../../../', import.meta.url));
