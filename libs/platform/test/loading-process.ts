import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

// A program that imports files and prints the packages and libraries of ours which that loaded: in a process of its own, because jest
// loads modules in its own way.
const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    const [, packageName] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
    const [, libraryName] = /\/(libs\/[^/]+)\/src\//.exec(url) ?? [];
    const name = packageName ?? libraryName;
    if (name !== undefined) loaded.add(name);
    return nextLoad(url, context);
  },
});

await import('reflect-metadata');
for (const file of process.argv.slice(2)) await import(file.startsWith('#') ? file : pathToFileURL(file).href);
process.stdout.write(JSON.stringify([...loaded]));
process.exit(0);
