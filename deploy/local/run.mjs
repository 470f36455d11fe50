// What every npm script calls. Runs on any Node from 20 on, with nothing but built-ins, because it runs before the
// packages are there. It installs and builds when needed, then hands over to the Node that package.json pins.

const tasks = {
  demo: (launcher, args) => launcher.runServices('apps/standalone/src/main.js', ['--demo', ...args]),
  start: (launcher, args) => launcher.runServices('apps/standalone/src/main.js', args),
  ops: (launcher, args) => launcher.runApp('apps/ops/src/main.js', args),
  bench: (launcher, args) => launcher.runBench(args),
  faults: (launcher, args) => launcher.runApp('test/faults/main.js', args),
  contract: (launcher) => launcher.runApp('test/contract/main.js', []),
  simulate: (launcher, args) => launcher.runApp('test/simulation/main.js', args),
  tools: (launcher) => launcher.runApp('test/tools/main.js', []),
  test: (launcher, args) => launcher.runTests(args),
  build: (launcher) => launcher.rebuild(),
  lint: (launcher) => launcher.runStaticChecks(),
  format: (launcher) => launcher.format(),
};

process.exitCode = await main(process.argv.slice(2));

async function main([taskName, ...args]) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    console.error(
      `Einklang needs Node 20 or newer to start; this is Node ${process.versions.node}. See https://nodejs.org.`,
    );
    return 1;
  }
  if (!Object.hasOwn(tasks, taskName)) {
    console.error(`Say what to run: ${Object.keys(tasks).join(', ')}.`);
    return 1;
  }
  // Loaded only now, so that an old Node gets the sentence above and not a syntax error.
  const { Launcher } = await import('./launcher.mjs');
  const { Stop } = await import('./child-process.mjs');
  try {
    return await tasks[taskName](new Launcher(), args);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    if (error.message) console.error(error.message);
    return error.exitCode;
  }
}
