import { readFileSync, writeFileSync } from 'node:fs';
import { projectionsOf } from '../services.js';
import { withDictionary } from './dictionary.js';

// After a build: node dist/apps/ops/src/analysts/write-dictionary.js docs/analysts.md
const [page = 'docs/analysts.md'] = process.argv.slice(2);
writeFileSync(page, withDictionary(readFileSync(page, 'utf8'), projectionsOf(undefined)));
