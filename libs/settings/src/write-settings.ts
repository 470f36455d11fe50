import { settingsDocument } from './documents.js';

// After a build: node dist/libs/settings/src/write-settings.js > docs/settings.md
process.stdout.write(settingsDocument());
