import { z } from 'zod';
import type { EventDefinitions } from './define-events.js';
import { allEvents } from './registry.js';

/**
 * JSON Schema (draft 2020-12) of an event as stored: `{ type, data }`, with one definition per stored name. Written to
 * `events.schema.json` for readers that are not ours.
 */
export function eventsJsonSchema(definitions: EventDefinitions = allEvents): object {
  const names = Object.keys(definitions);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Events of Einklang',
    oneOf: names.map((name) => ({
      type: 'object',
      properties: { type: { const: name }, data: { $ref: `#/$defs/${name}` } },
      required: ['type', 'data'],
    })),
    $defs: Object.fromEntries(
      Object.entries(definitions).map(([name, { when, data }]) => [name, { description: when, ...dataSchema(data) }]),
    ),
  };
}

function dataSchema(data: z.ZodType): object {
  const { $schema: _, ...schema } = z.toJSONSchema(data);
  return schema;
}
