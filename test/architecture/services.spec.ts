import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { allEvents, descriptionOf, ownerOf, serviceNames, topicOfEvents } from '#contracts';
import { processSettings, readSettings } from '#settings';
import { serviceParts } from '../../apps/standalone/src/services.js';
import { misnamedIn, type ServiceOfList, servicePlaces } from './service-places.js';

const list: readonly ServiceOfList[] = serviceNames.map((name) => {
  const { topics, grpc } = descriptionOf(name);
  return { name, topics, hasGrpc: grpc !== undefined };
});

const returns: ServiceOfList = { name: 'returns', topics: ['einklang.returns.events'], hasGrpc: true };

const gap = (place: string): string => `${place} does not name returns.`;
const surplus = (place: string, name: string): string => `${place} names ${name}, which is not in the list.`;

describe('the list of services', () => {
  it('is what every other place that names services says', () => {
    expect(misnamedIn(servicePlaces, list)).toEqual([]);
  });

  it.each(servicePlaces)('would be missed by $place with a service more', ({ place }) => {
    expect(misnamedIn(servicePlaces, [...list, returns])).toContain(gap(place));
  });

  it.each(servicePlaces)('would be missed by $place alone, were it all that knows a service', (place) => {
    const [name = ''] = place.named((path) => readFileSync(path, 'utf8'));
    expect(
      misnamedIn(
        [place],
        list.filter((service) => service.name !== name),
      ),
    ).toEqual([surplus(place.place, name)]);
  });

  it('has the topics that are made in Kafka', () => {
    const made: { name: string; owner: string }[] = JSON.parse(readFileSync('deploy/kafka/topics.json', 'utf8'));
    const listed = list.flatMap(({ name, topics }) => topics.map((topic) => `${topic} of ${name}`));
    expect(made.map(({ name, owner }) => `${name} of ${owner}`).toSorted()).toEqual(listed.toSorted());
  });

  it('has the ports that the image opens', () => {
    const image = readFileSync('deploy/docker/Dockerfile', 'utf8');
    const { EINKLANG_HTTP_PORT: http, EINKLANG_GRPC_PORT: grpc } = readSettings(processSettings, {});
    expect(image).toContain(`EXPOSE ${http} ${grpc}\n`);
  });
});

describe('what a service reads of others', () => {
  const read = readersOfOthers();

  it('is published by its owner', () => {
    expect(read.length).toBeGreaterThan(10);
    const kept = read.filter(({ type }) => !serviceParts[ownerOf(type)].publishes.messages.has(type));
    expect(kept).toEqual([]);
  });

  it('comes from the topics it is listed to consume, and it is listed for no other', () => {
    for (const name of serviceNames) {
      const topics = read.filter(({ service }) => service === name).map(({ type }) => topicOfEvents(ownerOf(type)));
      const listed = descriptionOf(name).consumes.filter((topic) => topic.endsWith('.events'));
      expect([name, [...new Set<string>(topics)].toSorted()]).toEqual([name, listed.toSorted()]);
    }
  });
});

/** Events of other services that the processes of a service react to. */
function readersOfOthers(): { service: string; type: string }[] {
  return serviceNames.flatMap((service) => {
    const sources = globSync(`apps/${service}/src/processes/**/*.ts`).filter((path) => !path.endsWith('.spec.ts'));
    const types = sources.flatMap((path) => typesIn(readFileSync(path, 'utf8')));
    return [...new Set(types)].filter((type) => ownerOf(type) !== service).map((type) => ({ service, type }));
  });
}

/** The names in `readonly types = [...]` of a reaction, and those that a process starts with or waits for. */
function typesIn(source: string): string[] {
  const keys = source.includes('defineProcess')
    ? [...source.matchAll(/\b([A-Z]\w+): \(/g)].map(([, key = '']) => key)
    : [];
  const lists = [...source.matchAll(/\btypes(?:: [^=]+)?(?: =|:) \[([^\]]*)\]/g)].map(([, names = '']) => names);
  return lists
    .flatMap((names) => [...names.matchAll(/'(\w+)'/g)].map(([, type = '']) => type))
    .concat(keys)
    .filter((type) => type in allEvents);
}
