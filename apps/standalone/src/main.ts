import { enableCompileCache, findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

// What V8 makes of the modules is kept beside the build; NODE_COMPILE_CACHE names another place. It counts for what is
// loaded from here on, so everything else is in the program.
enableCompileCache(join(dirname(findPackageJSON(import.meta.url) ?? process.cwd()), 'dist/.compile-cache'));
await import('./program.js');
