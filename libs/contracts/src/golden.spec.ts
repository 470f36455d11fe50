import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { RecordedEvent } from '#event-sourcing';
import { eventsJsonSchema } from './events-schema.js';
import { allEvents, eventRegistry, upcasters } from './registry.js';

const GOLDEN = new URL('../golden/', import.meta.url);

/** Data of the events of one stored name as they may lie in a log, the smallest first. */
const samplesOf = (name: string): object[] => JSON.parse(readFileSync(new URL(`${name}.json`, GOLDEN), 'utf8'));

const current = Object.entries(allEvents);

describe('golden samples', () => {
  it('are there for every name that is or was stored, and for nothing else', () => {
    const names = [...current.map(([name]) => name), ...upcasters.map(({ from }) => from)];
    expect(readdirSync(GOLDEN).toSorted()).toEqual(names.map((name) => `${name}.json`).toSorted());
  });

  it.each(current)('of %s are at least two, pass the schema unchanged and name every field once', (name, { data }) => {
    const samples = samplesOf(name);
    expect(samples.length).toBeGreaterThanOrEqual(2);
    for (const sample of samples) expect(data.parse(sample)).toStrictEqual(sample);
    const [smallest = {}] = samples;
    expect(Object.keys(smallest).toSorted()).toEqual(requiredFieldsOf(data));
    expect(new Set(samples.flatMap(pathsOf))).toEqual(new Set(pathsOfSchema(z.toJSONSchema(data))));
  });

  it.each(current)('of %s are refused with a field that is not known', (name, { data }) => {
    for (const sample of samplesOf(name)) expect(data.safeParse({ ...sample, surplus: 1 }).success).toBe(false);
  });

  it.each([...current.map(([name]) => name), ...upcasters.map(({ from }) => from)])(
    'of %s are read as a current event',
    (name) => {
      for (const data of samplesOf(name)) {
        const event = eventRegistry.read(recorded(name, data));
        expect(eventRegistry.isCurrent(event.type)).toBe(true);
        expect(allEvents[event.type]?.data.parse(event.data)).toStrictEqual(event.data);
      }
    },
  );
});

describe('events', () => {
  it.each(current)('%s says when it is true, in a sentence', (_, { when }) => {
    expect(when).toMatch(/^[A-Z].+\.$/);
  });

  it.each(current)('%s has no field for personal data in clear', (name, { data }) => {
    const suspects = fieldsOf(z.toJSONSchema(data)).filter(
      ({ field, schema }) => PERSONAL.test(field) && !isKeyedHash(schema) && !NOT_A_PERSON.has(`${name}.${field}`),
    );
    expect(suspects.map(({ field }) => field)).toEqual([]);
  });

  it.each(['email', 'buyerEmail', 'phone', 'firstName', 'name', 'shippingAddress', 'postalCode', 'birthday', 'ip'])(
    'a field called %s would be noticed',
    (field) => {
      expect(field).toMatch(PERSONAL);
    },
  );

  it('has a published JSON Schema that is complete and up to date', () => {
    const file = JSON.parse(readFileSync(new URL('../events.schema.json', import.meta.url), 'utf8'));
    expect(Object.keys(file.$defs)).toEqual(current.map(([name]) => name));
    // Differs? Build, then: node dist/libs/contracts/src/write-events-schema.js > libs/contracts/events.schema.json
    expect(file).toEqual(JSON.parse(JSON.stringify(eventsJsonSchema())));
  });
});

const PERSONAL = /mail|phone|name|address|street|city|postal|zip|birth|gender|passport|iban|customer|^ip$/i;

/** Names of places and of channels. A person's name has no field; free text (`reason`) is for the reason alone. */
const NOT_A_PERSON = new Set([
  'LocationOpened.name',
  'LocationChanged.name',
  'ChannelRegistered.name',
  'ChannelReconfigured.name',
  'ChannelReopened.name',
]);

type Schema = z.core.JSONSchema.BaseSchema;

const isKeyedHash = ({ pattern }: Schema): boolean => pattern === '^[0-9a-f]{64}$';

const requiredFieldsOf = (data: z.ZodType): string[] => [...(z.toJSONSchema(data).required ?? [])].toSorted();

/** Every field of a schema, at any depth. */
function fieldsOf(schema: Schema): { field: string; schema: Schema }[] {
  const own = Object.entries(schema.properties ?? {}).map(([field, inner]) => ({ field, schema: Object(inner) }));
  const inner = [...own.map((field) => field.schema), ...(schema.items ? [Object(schema.items)] : [])];
  return [...own, ...inner.flatMap(fieldsOf)];
}

/** `lines`, `lines.sku` and so on. */
function pathsOfSchema(schema: Schema, prefix = ''): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([field, inner]) => [
    `${prefix}${field}`,
    ...pathsOfSchema(Object(inner), `${prefix}${field}.`),
  ]);
  return [...own, ...(schema.items ? pathsOfSchema(Object(schema.items), prefix) : [])];
}

function pathsOf(value: unknown): string[] {
  return Object.entries(Object(value)).flatMap(([field, inner]) => {
    // Keys of free attributes, and of what a process keeps, are data, not fields.
    if (field === 'attributes' || field === 'data') return [field];
    const items = [inner].flat().filter((item) => typeof item === 'object');
    return [field, ...items.flatMap(pathsOf).map((path) => `${field}.${path}`)];
  });
}

const recorded = (type: string, data: object): RecordedEvent => ({
  type,
  data,
  id: '0197c1f0-5b7a-7cc0-8000-2f1a4b6c8d0e',
  stream: 'golden-1',
  revision: 0,
  position: 1,
  recordedAt: '2026-01-31T12:00:00.000Z',
  metadata: { commandId: 'c', correlationId: 'c', actor: 'golden', occurredAt: '2026-01-31T12:00:00.000Z' },
});
