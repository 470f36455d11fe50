import { readFileSync } from 'node:fs';
import { asyncApiDocument, topicsFrom } from '#messaging';
import { serviceParts } from '../../../standalone/src/services.js';
import { DESCRIPTION } from './topics.js';

// After a build: node dist/apps/ops/src/topics/write-asyncapi.js > libs/messaging/asyncapi.json
const topics = topicsFrom(JSON.parse(readFileSync(process.argv[2] ?? DESCRIPTION, 'utf8')));
const publishes = Object.values(serviceParts).map((parts) => parts.publishes);
process.stdout.write(`${JSON.stringify(asyncApiDocument(topics, publishes), undefined, 2)}\n`);
