import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

/**
 * Loaded with `--import` by processes that specs start, so that these run the sources as jest does and not a build that
 * may be older. Node runs this file itself: nothing here but erasable types, and no imports of ours.
 */
const root = new URL('../../../', import.meta.url);

registerHooks({
  resolve(specifier, context, nextResolve) {
    // Packages have names of that form for files of their own.
    const ours = context.parentURL?.endsWith('.ts') ?? false;
    const [, library, entry = 'index'] = (ours && /^#([a-z-]+)(?:\/([a-z-]+))?$/.exec(specifier)) || [];
    if (library) return nextResolve(new URL(`libs/${library}/src/${entry}.ts`, root).href, context);
    return nextResolve(ours && specifier.startsWith('.') ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
  load(url, context, nextLoad) {
    if (!url.endsWith('.ts')) return nextLoad(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), { filename, sourceMaps: 'inline' });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
