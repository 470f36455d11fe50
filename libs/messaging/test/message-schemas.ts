import { readFileSync } from 'node:fs';
import { z } from 'zod';

const document = JSON.parse(readFileSync(new URL('../asyncapi.json', import.meta.url), 'utf8'));
const headers = z.fromJSONSchema(document.components.messageTraits.CloudEvent.headers);

/** The JSON Schemas of messages, from asyncapi.json as an integrator reads it. */
export const messageSchemas = {
  /** Throws for a message that is not described. */
  of: (name: string) => {
    const schema = document.components.schemas[name];
    if (!schema) throw new Error(`${name} is not in asyncapi.json.`);
    return { payload: z.fromJSONSchema(schema), headers };
  },
};
