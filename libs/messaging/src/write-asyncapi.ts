import { readFileSync } from 'node:fs';
import { asyncApiDocument } from './asyncapi.js';
import { topicsFrom } from './topics.js';

// After a build: node dist/libs/messaging/src/write-asyncapi.js deploy/kafka/topics.json > libs/messaging/asyncapi.json
const topics = topicsFrom(JSON.parse(readFileSync(process.argv[2] ?? 'deploy/kafka/topics.json', 'utf8')));
process.stdout.write(`${JSON.stringify(asyncApiDocument(topics), undefined, 2)}\n`);
