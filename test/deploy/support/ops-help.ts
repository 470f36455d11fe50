import { spawnSync } from 'node:child_process';

const texts = new Map<string, string>();

/** What `ops <command> --help` prints, of the sources as they are; that of `ops` itself where there is no such command. */
export function opsHelp(command: string): string {
  const text = texts.get(command) ?? printed(command);
  texts.set(command, text);
  return text;
}

function printed(command: string): string {
  const hooks = new URL('../../../libs/testing/src/typescript-hooks.ts', import.meta.url);
  const args = ['--import', hooks.href, 'apps/ops/src/main.ts', command, '--help'];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout;
}
