import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/**
 * Puts the built standalone program, and every package it loads, into a few files in the place of its main.js. Looking up,
 * reading and linking 2,700 modules one by one is most of what a start costs. What is built stays beside it as it was,
 * for whatever else imports it.
 */
const main = fileURLToPath(new URL('../../dist/apps/standalone/src/main.js', import.meta.url));
const folder = dirname(main);

/** A module that looks for files beside itself finds them where it came from. */
const staysInPlace = {
  name: 'stays-in-place',
  transform: {
    filter: { id: { exclude: /^\0/ }, code: /import\.meta\.url|\b__(dirname|filename)\b/ },
    handler(code, id) {
      const path = relative(folder, id).replaceAll('\\', '/');
      return {
        code: code
          .replaceAll('import.meta.url', `new URL(${JSON.stringify(path)}, import.meta.url).href`)
          .replaceAll(/\b__filename\b/g, `(bundleFolder + ${JSON.stringify(`/${path}`)})`)
          .replaceAll(/\b__dirname\b/g, `(bundleFolder + ${JSON.stringify(`/${dirname(path)}`)})`),
        map: null,
      };
    },
  },
};

/** Imported, `http` gives all it has, for which Node loads all of its `fetch`. Required, it waits until asked. */
const httpOnDemand = {
  name: 'http-on-demand',
  resolveId: { filter: { id: /^(node:)?http$/ }, handler: () => '\0http.cjs' },
  load: {
    filter: { id: /^\0http\.cjs$/ },
    handler: () => `module.exports = process.getBuiltinModule('node:http');`,
  },
};

const bundle = await rolldown({
  input: main,
  platform: 'node',
  plugins: [staysInPlace, httpOnDemand],
  onLog(level, log, tell) {
    // Nest and its kind try optional packages and go on without them.
    if (log.code !== 'UNRESOLVED_IMPORT') tell(level, log);
  },
});
await bundle.write({
  dir: folder,
  entryFileNames: 'main.js',
  chunkFileNames: 'main-[name]-[hash].js',
  intro: 'const bundleFolder = import.meta.dirname;',
  // Logs, OpenAPI and errors tell classes by their names.
  keepNames: true,
  sourcemap: true,
});
