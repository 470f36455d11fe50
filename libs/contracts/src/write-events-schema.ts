import { eventsJsonSchema } from './events-schema.js';

// After a build: node dist/libs/contracts/src/write-events-schema.js > libs/contracts/events.schema.json
process.stdout.write(`${JSON.stringify(eventsJsonSchema(), undefined, 2)}\n`);
