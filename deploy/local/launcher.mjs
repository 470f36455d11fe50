import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run, Stop } from './child-process.mjs';
import { compileCache, nodePath, prepare, root } from './prepare.mjs';
import { runJest, runStaticChecks, runTests } from './test.mjs';

/**
 * V8 lets garbage gather in proportion to the heap it may use, which by default is gigabytes: bounded to one, the process
 * takes half the memory, and under full load a third more time. Its young objects take three times the semi-space: 16 MB
 * instead of 32 take 60 MB less, and 8 % more time. NODE_OPTIONS sets others.
 */
const frugalNodeOptions = process.env.NODE_OPTIONS ? [] : ['--max-semi-space-size=16', '--max-old-space-size=1024'];

/** glibc keeps what was freed in an arena per thread, and our commits, pages and bodies are large buffers that come and go. */
const frugalAllocator = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '65536' };

/** One method per task of run.mjs. Each gives the exit code. */
export class Launcher {
  /** What works through a task and ends: it may take the memory that makes it fast. */
  runApp(entry, args) {
    return this.#run(entry, args, ['--enable-source-maps']);
  }

  /** What runs beside other things, for long. */
  runServices(entry, args) {
    return this.#run(entry, args, frugalNodeOptions, { ...frugalAllocator, ...process.env });
  }

  async #run(entry, args, nodeOptions, env = process.env) {
    await prepare();
    const path = join(root, 'dist', entry);
    if (!existsSync(path))
      throw new Stop(`There is no ${entry.replace(/\.js$/, '.ts')} in this checkout, so there is nothing to run.`);
    const { exitCode } = await run(nodePath, [...nodeOptions, path, ...args], {
      cwd: root,
      env: { NODE_COMPILE_CACHE: compileCache, ...env },
    });
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
