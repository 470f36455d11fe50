import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run, Stop } from './child-process.mjs';
import { nodePath, prepare, root } from './prepare.mjs';
import { runJest, runStaticChecks, runTests } from './test.mjs';

/** One method per task of run.mjs. Each gives the exit code. */
export class Launcher {
  async runApp(entry, args) {
    await prepare();
    const path = join(root, 'dist', entry);
    if (!existsSync(path))
      throw new Stop(`There is no ${entry.replace(/\.js$/, '.ts')} in this checkout, so there is nothing to run.`);
    const { exitCode } = await run(nodePath, ['--enable-source-maps', path, ...args], { cwd: root });
    return exitCode;
  }

  runBench(args) {
    return this.runApp('test/bench/main.js', args);
  }

  async runTests(args) {
    await prepare();
    return args.length > 0 ? runJest(args) : runTests();
  }

  async runStaticChecks() {
    await prepare();
    return runStaticChecks();
  }

  async format() {
    await prepare();
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
    const { exitCode } = await run(nodePath, [biome, 'check', '--write'], { cwd: root });
    return exitCode;
  }

  async rebuild() {
    await prepare({ rebuild: true });
    return 0;
  }
}
